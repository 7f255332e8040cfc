// Package sockets connects the host with sockets in the container: those that wait there, and some that it makes there.
package sockets

import (
	"errors"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// pieceSize is the most that is read at once.
const pieceSize = 64 << 10

// Connections that wait have no buffer: there may be thousands.
var buffers = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// Stream is a connection in the container. One goroutine may read and another write.
type Stream struct {
	file  *os.File // in Go's poller
	isTCP bool
}

// NewStream makes a stream of a connected unix socket that does not block.
func NewStream(fd int) *Stream { return newStream(fd, false) }

func newStream(fd int, isTCP bool) *Stream {
	return &Stream{os.NewFile(uintptr(fd), "connection in the container"), isTCP}
}

// Pass waits for data and gives it to use, which must not keep it. io.EOF when the other side writes no more.
func (s *Stream) Pass(use func(data []byte) error) error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var buffer *[pieceSize]byte
	var count int
	var failure error
	err = raw.Read(func(fd uintptr) bool {
		buffer = buffers.Get().(*[pieceSize]byte)
		if count, failure = readSocket(int(fd), buffer[:]); failure == unix.EAGAIN {
			buffers.Put(buffer)
			buffer = nil
			return false
		}
		return true
	})
	if buffer != nil {
		defer buffers.Put(buffer)
	}
	switch {
	case err != nil: // The poller has no other reason, and a word of its own for it.
		return os.ErrClosed
	case failure != nil:
		return failure
	case count == 0:
		return io.EOF
	}
	return use(buffer[:count])
}

func readSocket(fd int, into []byte) (int, error) {
	for {
		count, err := unix.Read(fd, into)
		if err != unix.EINTR {
			return count, err
		}
	}
}

// Write writes everything.
func (s *Stream) Write(data []byte) error {
	_, err := s.file.Write(data)
	return err
}

// CloseWrite tells the other side that nothing more comes.
func (s *Stream) CloseWrite() error {
	return s.control(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_WR) })
}

// IsClosed tells whether the other side neither writes nor reads any more, as far as the kernel knows.
func (s *Stream) IsClosed() bool {
	var events int16
	err := s.control(func(fd int) error {
		polled := []unix.PollFd{{Fd: int32(fd)}}
		_, err := unix.Poll(polled, 0)
		events = polled[0].Revents
		return err
	})
	return err != nil || events&(unix.POLLHUP|unix.POLLERR) != 0
}

// Abort ends the connection at once. The other side must not take what it has got for the whole.
func (s *Stream) Abort() {
	if s.isTCP {
		_ = s.control(func(fd int) error { // Without it the end only looks orderly.
			return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		})
	}
	s.Close()
}

// Close ends the connection. What was written is still delivered.
func (s *Stream) Close() {
	s.file.Close() // A second time it only says that it was closed.
}

func (s *Stream) control(work func(fd int) error) error {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) { failure = work(int(fd)) })
	return errors.Join(err, failure)
}
