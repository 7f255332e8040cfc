package control

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// prefaceStart begins HTTP/2's connection preface (RFC 9113, 3.4).
var prefaceStart = []byte("PRI * HTTP/2.0")

// stream is what the listener needs of a port.
type stream interface {
	io.ReadWriter
	SetDeadline(time.Time) error
	waitForHost() error
}

// Listener gives one connection at a time: the next after the last was closed and the host is there again.
type Listener struct {
	stream stream
	finder markFinder
	// Read already, belongs to the next connection; set when a mark was found.
	ahead  []byte
	marked bool
	// Holds the one connection that may be open.
	free chan struct{}
}

// Listen serves a port.
func Listen(port *Port) *Listener { return listen(port) }

func listen(stream stream) *Listener {
	listener := &Listener{stream: stream, free: make(chan struct{}, 1)}
	listener.free <- struct{}{}
	return listener
}

// Read implements io.Reader.
func (p *Port) Read(into []byte) (int, error) { return p.file.Read(into) }

// Write implements io.Writer.
func (p *Port) Write(data []byte) (int, error) { return p.file.Write(data) }

// SetDeadline sets the deadline of current and future reads and writes.
func (p *Port) SetDeadline(at time.Time) error { return p.file.SetDeadline(at) }

// Accept gives the next connection. It returns once the host has begun to speak.
func (l *Listener) Accept() (io.ReadWriteCloser, error) {
	<-l.free
	for {
		if err := l.stream.SetDeadline(time.Time{}); err != nil {
			return nil, err
		}
		begun, err := l.begin()
		if err != nil {
			return nil, err
		}
		if begun {
			return &conn{listener: l}, nil
		}
	}
}

// begin waits for the start of a connection and answers its mark. What comes before it is dropped. It returns false
// when the host has gone away again.
func (l *Listener) begin() (bool, error) {
	if !l.marked {
		if err := l.stream.waitForHost(); err != nil {
			return false, err
		}
	}
	buffer := make([]byte, 4096)
	for !l.marked {
		count, err := l.stream.Read(buffer)
		if err != nil {
			return false, ignoreEOF(err)
		}
		if bytes.HasPrefix(buffer[:count], prefaceStart) {
			l.ahead = buffer[:count]
			return true, nil
		}
		l.scan(buffer[:count])
	}
	for len(l.ahead) < nonceSize {
		count, err := l.stream.Read(buffer)
		if err != nil {
			l.marked = false
			return false, ignoreEOF(err)
		}
		l.ahead = append(l.ahead, buffer[:count]...)
	}
	nonce := l.ahead[:nonceSize:nonceSize]
	l.ahead = l.ahead[nonceSize:]
	l.marked = false
	_, err := l.stream.Write(bytes.Join([][]byte{answerMark, nonce}, nil))
	return err == nil, err
}

// scan looks for a mark; when there is one, what is behind it is kept for the next connection. It returns how many
// bytes are not of the next connection.
func (l *Listener) scan(piece []byte) int {
	behind := l.finder.find(piece)
	if behind < 0 {
		return len(piece)
	}
	l.marked = true
	l.ahead = bytes.Clone(piece[behind:])
	return max(0, behind-markSize)
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// conn is the host's current connection.
type conn struct {
	listener *Listener
	// Held while reading and writing, so that this connection touches nothing after it was closed.
	reading, writing sync.Mutex
	closing          sync.Once
	closed           atomic.Bool
}

func (c *conn) Read(into []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	l := c.listener
	switch {
	case c.closed.Load():
		return 0, os.ErrClosed
	case l.marked: // What is ahead belongs to the next connection.
		return 0, io.EOF
	case len(l.ahead) > 0:
		count := copy(into, l.ahead)
		l.ahead = l.ahead[count:]
		return count, nil
	}
	count, err := l.stream.Read(into)
	if err != nil {
		return count, c.explain(err)
	}
	count = l.scan(into[:count])
	if count == 0 {
		return 0, io.EOF
	}
	return count, nil
}

func (c *conn) Write(data []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed.Load() {
		return 0, os.ErrClosed
	}
	count, err := c.listener.stream.Write(data)
	return count, c.explain(err)
}

// Close ends the connection and lets the listener give the next one.
func (c *conn) Close() error {
	var err error
	c.closing.Do(func() {
		c.closed.Store(true)
		err = c.listener.stream.SetDeadline(time.Unix(1, 0)) // Ends a read or write that waits.
		c.reading.Lock()
		defer c.reading.Unlock()
		c.writing.Lock()
		defer c.writing.Unlock()
		c.listener.free <- struct{}{}
	})
	return err
}

func (c *conn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) && c.closed.Load() {
		return os.ErrClosed
	}
	return err
}
