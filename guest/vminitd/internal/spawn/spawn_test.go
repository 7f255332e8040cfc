package spawn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// output runs a script whose standard output is a pipe.
func output(t *testing.T, build func(s *Script)) (string, error) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	s := &Script{}
	s.Call("standard output", unix.SYS_DUP3, write.Fd(), 1, 0)
	build(s)
	pid, err := s.Run()
	write.Close()
	if err != nil {
		return "", err
	}
	text, readErr := io.ReadAll(read)
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != 0 {
		t.Errorf("status %#x, %v", status, err)
	}
	return string(text), readErr
}

func TestProgramRunsWithArgumentsAndEnvironment(t *testing.T) {
	text, err := output(t, func(s *Script) {
		s.Execute("execute", "/bin/sh", []string{"name", "-c", `echo "$0 $1 $WORD"; grep -E "^Sig(Blk|Cgt)" /proc/self/status`, "zero", "one"}, []string{"WORD=there"})
	})
	if err != nil || !strings.HasPrefix(text, "zero one there\nSigBlk:\t0000000000000000\n") {
		t.Errorf("%q, %v", text, err)
	}
}

func TestOpenProgram(t *testing.T) {
	program, err := os.Open("/bin/echo")
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	text, err := output(t, func(s *Script) { s.ExecuteFile("execute", program.Fd(), []string{"echo", "a", "b"}, nil) })
	if err != nil || text != "a b\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFailuresAreNamed(t *testing.T) {
	for _, test := range []struct {
		purpose string
		errno   error
		build   func(s *Script)
	}{
		{"directory", unix.ENOENT, func(s *Script) {
			s.Call("directory", unix.SYS_CHDIR, s.Text("/no/such/directory"))
			s.Execute("execute", "/bin/true", []string{"true"}, nil)
		}},
		{"execute", unix.EACCES, func(s *Script) { s.Execute("execute", "/etc/passwd", []string{"passwd"}, nil) }},
		{"second", unix.EBADF, func(s *Script) {
			s.Call("first", unix.SYS_GETPID)
			s.Call("second", unix.SYS_DUP3, ^uintptr(0), 1, 0)
		}},
	} {
		_, err := output(t, test.build)
		var failed *Error
		if !errors.As(err, &failed) || failed.Purpose != test.purpose || !errors.Is(err, test.errno) {
			t.Errorf("%v, want %s and %v", err, test.purpose, test.errno)
		}
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
		t.Errorf("a process is left: %v", err)
	}
}

func TestProcessKnowsItsNumber(t *testing.T) {
	text, err := output(t, func(s *Script) {
		s.Call("own number", unix.SYS_WRITE, 1, s.PID(), 4)
		s.Execute("execute", "/bin/sh", []string{"sh", "-c", "echo $$"}, nil)
	})
	if number := fmt.Sprintf("%d\n", binary.NativeEndian.Uint32([]byte(text+"\x00\x00\x00\x00"))); err != nil || len(text) < 4 || text[4:] != number {
		t.Errorf("%q, %v", text, err)
	}
}

func TestWhatIsMissingIsLeftOut(t *testing.T) {
	text, err := output(t, func(s *Script) {
		s.Call("missing", unix.SYS_CHDIR, s.Text("/no/such/directory"))
		s.SkipIfMissing(2)
		s.Call("left out", unix.SYS_DUP3, ^uintptr(0), 1, 0)
		s.Call("directory", unix.SYS_CHDIR, s.Text("/proc"))
		s.SkipIfMissing(1)
		s.Execute("execute", "/bin/pwd", []string{"pwd"}, nil)
	})
	if err != nil || text != "/proc\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestManyAtOnce starts processes from several threads while the collector works, which must find everything in place.
func TestManyAtOnce(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 40 {
				s := &Script{}
				file, want := "/bin/true", error(nil)
				if i%2 == 1 {
					file, want = "/no/such/file", unix.ENOENT
				}
				s.Execute("execute", file, []string{strings.Repeat("x", 1000)}, []string{"A=" + strings.Repeat("y", 1000)})
				pid, err := s.Run()
				if !errors.Is(err, want) {
					t.Errorf("%s: %v", file, err)
				}
				if err == nil {
					collect(pid)
				}
			}
		})
	}
	group.Wait()
}
