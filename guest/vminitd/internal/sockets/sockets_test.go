package sockets

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"berth.dev/vminitd/internal/archive"
	"golang.org/x/sys/unix"
)

func container(t *testing.T) (*archive.Root, string) {
	t.Helper()
	directory := t.TempDir()
	root, err := archive.OpenDirectory(directory)
	if err != nil {
		t.Fatal(err)
	}
	return root, directory
}

func TestLinksDoNotLeadOut(t *testing.T) {
	root, directory := container(t)
	outside := filepath.Join(t.TempDir(), "outside")
	listener, err := net.Listen("unix", outside)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for name, target := range map[string]string{"absolute": outside, "relative": "../../../../../../../../../.." + outside} {
		if err := os.Symlink(target, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := DialUnix(context.Background(), root, "/"+name); !errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFullQueueIsWaitedForAndCanBeGivenUp(t *testing.T) {
	root, directory := container(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: filepath.Join(directory, "full")}), unix.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	first, err := DialUnix(context.Background(), root, "/full")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := DialUnix(ctx, root, "/full"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	dialled := make(chan error)
	go func() {
		second, err := DialUnix(context.Background(), root, "/full")
		if err == nil {
			second.Close()
		}
		dialled <- err
	}()
	accepted, _, err := unix.Accept(fd)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(accepted)
	if err := <-dialled; err != nil {
		t.Fatal(err)
	}
}

func TestWhoIsGoneIsNoticed(t *testing.T) {
	root, directory := container(t)
	listener, err := net.Listen("unix", filepath.Join(directory, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	stream, err := DialUnix(context.Background(), root, "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	nothing := func([]byte) error { return nil }
	if err := accepted.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := stream.Pass(nothing); err != io.EOF || stream.IsClosed() {
		t.Errorf("half-closed: %v, %v", err, stream.IsClosed())
	}
	accepted.Close()
	if !stream.IsClosed() {
		t.Error("it is closed")
	}
}

func TestAReadThatWaitsEndsWithTheStream(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	stream, err := DialTCP(context.Background(), uint32(listener.Addr().(*net.TCPAddr).Port))
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	ended := make(chan error)
	go func() { ended <- stream.Pass(func([]byte) error { return nil }) }()
	stream.Abort()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if _, err := accepted.Read(make([]byte, 1)); !errors.Is(err, unix.ECONNRESET) {
		t.Error(err)
	}
	for _, port := range []uint32{0, 1 << 16} {
		if _, err := DialTCP(context.Background(), port); !errors.Is(err, ErrMissing) {
			t.Errorf("%d: %v", port, err)
		}
	}
}

func TestListenReplacesAFileAndRemovesOnlyItself(t *testing.T) {
	t.Chdir(t.TempDir()) // Listen leaves its own working directory for "/".
	path := filepath.Join(t.TempDir(), "new/directory/socket")
	for range 2 {
		listener, err := Listen(path, 0o620)
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if info, err := os.Lstat(path); err != nil || info.Mode() != os.ModeSocket|0o620 {
			t.Fatal(info, err)
		}
		connected, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
		if _, err := listener.Accept(); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := listener.Remove(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Fatal("somebody else's file was removed")
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Error(entries, err)
	}
}
