package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain lets the tests run this program as it is, with what it takes from itself: `go test` makes only one.
func TestMain(m *testing.M) {
	if os.Getenv("BERTH_TEST_SHARED") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// session is a client that says whatever it likes.
type session struct {
	t       *testing.T
	in      io.WriteCloser
	out     io.Reader
	process *exec.Cmd
	lastFid uint32
}

const rootFid = 0

func start(t *testing.T, arguments ...string) *session {
	t.Helper()
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), "BERTH_TEST_SHARED=1")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, in: in, out: out, process: command}
	t.Cleanup(func() {
		in.Close()
		if err := command.Wait(); err != nil {
			t.Error(err)
		}
	})
	s.must(100, uint32(1<<20), "9P2000.L")
	s.must(104, uint32(rootFid), ^uint32(0), "", "", uint32(0))
	return s
}

func pack(parts ...any) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(v))))
			b.WriteString(v)
		case []byte:
			b.Write(v)
		default:
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				panic(err)
			}
		}
	}
	return b.Bytes()
}

// ask sends a request and gives what comes back.
func (s *session) ask(kind uint8, parts ...any) ([]byte, error) {
	s.t.Helper()
	body := pack(parts...)
	if _, err := s.in.Write(append(pack(uint32(7+len(body)), kind, uint16(1)), body...)); err != nil {
		s.t.Fatal(err)
	}
	answered, answer := s.receive()
	if answered == 7 {
		return nil, unix.Errno(binary.LittleEndian.Uint32(answer))
	}
	if answered != kind+1 {
		s.t.Fatalf("%d was answered with %d", kind, answered)
	}
	return answer, nil
}

func (s *session) receive() (uint8, []byte) {
	s.t.Helper()
	header := make([]byte, 7)
	if _, err := io.ReadFull(s.out, header); err != nil {
		s.t.Fatal(err)
	}
	answer := make([]byte, binary.LittleEndian.Uint32(header)-7)
	if _, err := io.ReadFull(s.out, answer); err != nil {
		s.t.Fatal(err)
	}
	return header[4], answer
}

func (s *session) must(kind uint8, parts ...any) []byte {
	s.t.Helper()
	answer, err := s.ask(kind, parts...)
	if err != nil {
		s.t.Fatalf("%d %v: %v", kind, parts, err)
	}
	return answer
}

// refused says that a request must fail, and how.
func (s *session) refused(want unix.Errno, kind uint8, parts ...any) {
	s.t.Helper()
	if _, err := s.ask(kind, parts...); err != want {
		s.t.Errorf("%d %v: %v instead of %v", kind, parts, err, want)
	}
}

// walk gives a new fid, and how many names were found.
func (s *session) walk(from uint32, names ...string) (fid uint32, found int, err error) {
	s.t.Helper()
	s.lastFid++
	parts := []any{from, s.lastFid, uint16(len(names))}
	for _, name := range names {
		parts = append(parts, name)
	}
	answer, err := s.ask(110, parts...)
	if err != nil {
		return 0, 0, err
	}
	return s.lastFid, int(binary.LittleEndian.Uint16(answer)), nil
}

func (s *session) found(from uint32, names ...string) uint32 {
	s.t.Helper()
	fid, found, err := s.walk(from, names...)
	if err != nil || found != len(names) {
		s.t.Fatalf("%v: %d found, %v", names, found, err)
	}
	return fid
}

// opened finds a file and opens it.
func (s *session) opened(flags int, names ...string) uint32 {
	s.t.Helper()
	fid := s.found(rootFid, names...)
	s.must(12, fid, uint32(flags))
	return fid
}

func (s *session) read(fid uint32, offset uint64, count uint32) []byte {
	s.t.Helper()
	answer := s.must(116, fid, offset, count)
	return answer[4:]
}

func (s *session) write(fid uint32, offset uint64, data []byte) int {
	s.t.Helper()
	return int(binary.LittleEndian.Uint32(s.must(118, fid, offset, uint32(len(data)), data)))
}

// list reads a directory in pieces of so many bytes.
func (s *session) list(count uint32, names ...string) []string {
	s.t.Helper()
	fid := s.opened(unix.O_RDONLY, names...)
	var entries []string
	var offset uint64
	for {
		answer := s.must(40, fid, offset, count)[4:]
		if len(answer) == 0 {
			s.must(120, fid)
			return entries
		}
		for len(answer) > 0 {
			offset = binary.LittleEndian.Uint64(answer[13:])
			size := int(binary.LittleEndian.Uint16(answer[22:]))
			if name := string(answer[24 : 24+size]); name != "." && name != ".." {
				entries = append(entries, name)
			}
			answer = answer[24+size:]
		}
	}
}
