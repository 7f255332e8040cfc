// Package relay carries bytes between the guest's and the host's end of a TCP connection, and its end as it was meant:
// one direction closed, both, or reset.
package relay

import (
	"errors"
	"io"
	"net"
	"sync"
)

// bufferSize is one full segment at the MTU of 65520: without the headers of IPv6 and TCP and TCP's time stamps. The stack
// would send the rest of a larger write as a tiny segment of its own, after every full one.
const bufferSize = 65520 - 72

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Guest is the guest's end.
type Guest interface {
	io.ReadWriteCloser
	CloseWrite() error
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
		p.direction(p.guest, p.host, p.host.CloseWrite)
	}()
	p.direction(p.host, p.guest, p.guest.CloseWrite)
	<-done
	// Both are at their ends already, or aborted.
	_ = p.guest.Close()
	_ = p.host.Close()
}

func (p *Pair) direction(from io.Reader, to io.Writer, closeWrite func() error) {
	if copyAll(to, from) != nil || closeWrite() != nil {
		p.Abort()
	}
}

func copyAll(to io.Writer, from io.Reader) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for {
		n, err := from.Read(buffer[:])
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil {
				return failed
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Reset closes a connection of the host so that its other end sees a reset.
func Reset(conn *net.TCPConn) {
	// On a connection that has failed already there is nothing to reset.
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
