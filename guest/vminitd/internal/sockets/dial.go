package sockets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"berth.dev/vminitd/internal/archive"
	"golang.org/x/sys/unix"
)

// How a connection is refused.
var (
	ErrMissing = errors.New("there is no such socket")
	ErrRefused = errors.New("nobody listens")
)

// DialUnix connects to a socket in the container's file system. Links lead where they lead in the container.
func DialUnix(ctx context.Context, root *archive.Root, path string) (*Stream, error) {
	place, err := root.Open(path, unix.O_PATH)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENAMETOOLONG):
		return nil, fmt.Errorf("%s: %w", path, ErrMissing)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(place)
	var status unix.Stat_t
	if err := unix.Fstat(place, &status); err != nil || status.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return nil, fmt.Errorf("%s: %w", path, ErrMissing)
	}
	// The descriptor is what was found, whatever the path leads to now.
	stream, err := dial(ctx, &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d", place)}, unix.AF_UNIX)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return stream, nil
}

// DialTCP connects to a port of the loopback addresses, IPv4 first.
func DialTCP(ctx context.Context, port uint32) (*Stream, error) {
	if port == 0 || port > 1<<16-1 {
		return nil, fmt.Errorf("port %d: %w", port, ErrMissing)
	}
	stream, err := dial(ctx, &unix.SockaddrInet4{Port: int(port), Addr: [4]byte{127, 0, 0, 1}}, unix.AF_INET)
	if errors.Is(err, ErrRefused) {
		stream, err = dial(ctx, &unix.SockaddrInet6{Port: int(port), Addr: [16]byte{15: 1}}, unix.AF_INET6)
	}
	if err != nil {
		return nil, fmt.Errorf("port %d: %w", port, err)
	}
	return stream, nil
}

func dial(ctx context.Context, address unix.Sockaddr, family int) (*Stream, error) {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	err = connect(ctx, fd, address)
	if err == nil {
		stream := newStream(fd, family != unix.AF_UNIX)
		if err = stream.waitConnected(ctx); err == nil {
			return stream, nil
		}
		stream.Close()
	} else {
		unix.Close(fd)
	}
	if errors.Is(err, unix.ECONNREFUSED) {
		err = ErrRefused
	}
	return nil, err
}

// connect begins to connect. A unix socket whose queue is full refuses that until somebody accepts, and does not say when.
func connect(ctx context.Context, fd int, address unix.Sockaddr) error {
	const longestPause = 100 * time.Millisecond
	for pause := time.Millisecond; ; pause = min(2*pause, longestPause) {
		err := unix.Connect(fd, address)
		switch err {
		case unix.EINTR, unix.EINPROGRESS:
			return nil
		case unix.EAGAIN:
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// waitConnected waits until a TCP connection is there.
func (s *Stream) waitConnected(ctx context.Context) error {
	if !s.isTCP {
		return nil
	}
	defer context.AfterFunc(ctx, s.Abort)()
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Write(func(fd uintptr) bool {
		var status int
		if status, failure = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); failure == nil && status != 0 {
			failure = unix.Errno(status)
		}
		if failure != nil {
			return true
		}
		// Without an error it is connected, or still on its way.
		_, notYet := unix.Getpeername(int(fd))
		return notYet == nil
	})
	if err == nil && failure == nil {
		failure = s.control(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) })
	}
	if errors.Is(err, os.ErrClosed) {
		return ctx.Err()
	}
	return errors.Join(err, failure)
}
