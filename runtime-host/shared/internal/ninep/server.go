package ninep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sys/unix"
)

// largestMessage is the most that one request or answer may be: what Linux's client takes over a socket.
const largestMessage = 1 << 20

// smallestMessage: less makes no sense, and is refused.
const smallestMessage = 4096

// mostAtOnce requests are worked on at the same time; others wait in the stream.
const mostAtOnce = 64

// Server serves one directory over one stream, for one session.
type Server struct {
	root    Root
	output  io.Writer
	sending sync.Mutex
	msize   uint32
	fids    fidTable
	tags    tagTable
}

// Root is the directory that is served.
type Root interface {
	// Attach gives the directory itself.
	Attach() (Node, error)
}

// NewServer makes a server that has not begun.
func NewServer(root Root) *Server { return &Server{root: root, msize: smallestMessage} }

// Serve works until the client closes the stream, which is no error, or says something that makes no sense.
func (s *Server) Serve(input io.Reader, output io.Writer) error {
	s.output = output
	defer s.fids.clear()
	room := make(chan struct{}, mostAtOnce)
	var working sync.WaitGroup
	defer working.Wait()
	var header [headerSize]byte
	for {
		if _, err := io.ReadFull(input, header[:]); err != nil {
			return ignoreEnd(err)
		}
		size, kind, tag := binary.LittleEndian.Uint32(header[:]), header[4], binary.LittleEndian.Uint16(header[5:])
		if size < headerSize || size > max(s.msize, smallestMessage) {
			return fmt.Errorf("a message of %d bytes where %d are the most", size, s.msize)
		}
		body := take(int(size - headerSize))
		if _, err := io.ReadFull(input, *body); err != nil {
			return ignoreEnd(err)
		}
		// A new session: nothing of the old one goes on.
		if kind == tVersion {
			working.Wait()
		}
		// Looked up now: a flush waits for what came before it only, so that no two wait for each other, or one for itself.
		var flushed <-chan struct{}
		if kind == tFlush {
			flushed = s.tags.find((&reader{data: *body}).uint16())
		}
		done, isNew := s.tags.begin(tag)
		if !isNew {
			return fmt.Errorf("tag %d is in use", tag)
		}
		room <- struct{}{}
		work := func() {
			if flushed != nil {
				<-flushed
			}
			s.answer(kind, tag, *body)
			give(body)
			done()
			<-room
		}
		if kind == tVersion {
			work()
			continue
		}
		working.Go(work)
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, unix.ECONNRESET) {
		return nil
	}
	return err
}

// answer works on a request and sends what comes of it. The tag is free once the answer is on its way: before the client
// can use it again.
func (s *Server) answer(kind uint8, tag uint16, body []byte) {
	buffer := take(0)
	defer give(buffer)
	w := writer{(*buffer)[:0]}
	w.grow(headerSize)
	request := reader{data: body}
	err := s.handle(kind, &request, &w)
	if err == nil && request.short {
		err = unix.EINVAL
	}
	answered := kind + 1
	if err != nil {
		w.data = w.data[:headerSize]
		w.uint32(number(err))
		answered = rLerror
	}
	binary.LittleEndian.PutUint32(w.data, uint32(len(w.data)))
	w.data[4] = answered
	binary.LittleEndian.PutUint16(w.data[5:], tag)
	s.sending.Lock()
	defer s.sending.Unlock()
	s.tags.end(tag)
	_, _ = s.output.Write(w.data) // A client that is gone has closed its side too.
	*buffer = w.data
}

// number is what an error is called on the wire.
func number(err error) uint32 {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return uint32(errno)
	}
	return uint32(unix.EIO)
}

// buffers are as large as the largest messages that came; there are a few at a time.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func take(size int) *[]byte {
	buffer := buffers.Get().(*[]byte)
	if cap(*buffer) < size {
		*buffer = make([]byte, size)
	}
	*buffer = (*buffer)[:size]
	return buffer
}

func give(buffer *[]byte) { buffers.Put(buffer) }

// tagTable are the requests that are worked on.
type tagTable struct {
	mutex sync.Mutex
	open  map[uint16]chan struct{}
}

// begin notes a request. The function says that everything about it is over.
func (t *tagTable) begin(tag uint16) (done func(), isNew bool) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.open == nil {
		t.open = map[uint16]chan struct{}{}
	}
	if _, used := t.open[tag]; used {
		return nil, false
	}
	over := make(chan struct{})
	t.open[tag] = over
	return func() { close(over) }, true
}

func (t *tagTable) end(tag uint16) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.open, tag)
}

// find gives what is closed when a request has been answered; nil when it has been.
func (t *tagTable) find(tag uint16) <-chan struct{} {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.open[tag]
}
