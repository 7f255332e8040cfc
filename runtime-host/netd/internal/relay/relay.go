// Package relay carries bytes between the guest's and the host's end of a TCP connection, and its end as it was meant:
// one direction closed, both, or reset.
package relay

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

const (
	// bufferSize holds a few segments of a guest. Only connections that carry bytes at this moment have one.
	bufferSize = 256 << 10
	// crowdedSize holds one.
	crowdedSize = 64 << 10
)

// Buffer is a piece of memory on loan.
type Buffer []byte

var buffers, crowdedBuffers = pool(bufferSize), pool(crowdedSize)

func pool(size int) *sync.Pool {
	return &sync.Pool{New: func() any {
		buffer := make(Buffer, size)
		return &buffer
	}}
}

// Take lends a buffer, until Give; a small one to a connection of a crowd.
func Take(crowded bool) *Buffer {
	if crowded {
		return crowdedBuffers.Get().(*Buffer)
	}
	return buffers.Get().(*Buffer)
}

// Give takes a buffer back.
func Give(buffer *Buffer) {
	if len(*buffer) == crowdedSize {
		crowdedBuffers.Put(buffer)
		return
	}
	buffers.Put(buffer)
}

// Guest is the guest's end.
type Guest interface {
	io.WriteCloser
	// Next waits for bytes, and lends them; whoever calls gives the buffer back. It is nil with an error, io.EOF at the end.
	Next() (*Buffer, int, error)
	CloseWrite() error
	// Segment is how many bytes fill a packet. The stack never puts two writes into one.
	Segment() int
	// Crowded says that the guest has so many connections that each is to take little memory.
	Crowded() bool
	// Settle waits until a connection of which both directions have ended has nothing left to tell the guest.
	Settle()
	// Abort resets the connection.
	Abort()
}

// Pair is a connection of which both ends are known.
type Pair struct {
	guest Guest
	host  *net.TCPConn
	abort sync.Once
}

// NewPair owns both ends.
func NewPair(guest Guest, host *net.TCPConn) *Pair { return &Pair{guest: guest, host: host} }

// Abort resets both ends, at once. Run returns then.
func (p *Pair) Abort() {
	p.abort.Do(func() {
		p.guest.Abort()
		Reset(p.host)
	})
}

// Run carries until both directions have ended or one end was reset, and leaves both ends closed. There is no limit on
// how long a connection may be idle, or closed in one direction only.
func (p *Pair) Run() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.end(copyAll(p.host, p.guest.Next), p.host.CloseWrite)
	}()
	p.end(p.inward(), p.guest.CloseWrite)
	<-done
	// Both are at their ends already, or aborted. What the guest has not taken yet is memory that belongs to somebody.
	_ = p.host.Close()
	p.guest.Settle()
	_ = p.guest.Close()
}

func (p *Pair) inward() error {
	raw, err := p.host.SyscallConn()
	if err != nil {
		return err
	}
	crowded, segment := p.guest.Crowded(), p.guest.Segment()
	return copyAll(p.guest, func() (*Buffer, int, error) { return nextOf(raw, crowded, segment) })
}

func (p *Pair) end(err error, closeWrite func() error) {
	if err != nil || closeWrite() != nil {
		p.Abort()
	}
}

func copyAll(to io.Writer, next func() (*Buffer, int, error)) error {
	for {
		buffer, n, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = to.Write((*buffer)[:n])
		Give(buffer)
		if err != nil {
			return err
		}
	}
}

// nextOf is Next for a socket: package net would want a buffer before there is something to put in. It gives whole
// segments, as far as there is enough.
func nextOf(raw syscall.RawConn, crowded bool, segment int) (buffer *Buffer, n int, err error) {
	failed := raw.Read(func(descriptor uintptr) bool {
		buffer = Take(crowded)
		whole := (*buffer)[:len(*buffer)/segment*segment]
		for {
			n, err = syscall.Read(int(descriptor), whole)
			if !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if errors.Is(err, syscall.EAGAIN) {
			Give(buffer)
			buffer, err = nil, nil
			return false
		}
		return true
	})
	if failed != nil {
		err = failed
	}
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err != nil && buffer != nil {
		Give(buffer)
		buffer = nil
	}
	return buffer, n, err
}

// Reset closes a connection of the host so that its other end sees a reset.
func Reset(conn *net.TCPConn) {
	// On a connection that has failed already there is nothing to reset.
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
