package grpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/net/http2/hpack"
)

/*
 * A message of gRPC in the stream of a call's DATA frames:
 *
 *   +--------------------+-----------------+---------+
 *   | compressed, 1 byte | length, 4 bytes | message |
 *   +--------------------+-----------------+---------+
 */
const messageHeaderSize = 5

// largestMessage: environment and arguments may be as large as execve(2) takes them.
const largestMessage = 16 << 20

var responseHeaders = []hpack.HeaderField{
	{Name: ":status", Value: "200"},
	{Name: "content-type", Value: "application/grpc"},
}

// Call is one call of a method.
type Call struct {
	connection *connection
	stream     uint32
	context    context.Context
	cancel     context.CancelFunc

	// Guarded by the connection's mutex.
	inputGrown sync.Cond
	input      bytes.Buffer
	inputEnded bool
	problem    error // why the call is over for the client
	sendWindow int64
	// What the peer may still send, and what the handler has taken since the peer was last told.
	receiveWindow int
	taken         int
	window        int // what the peer may send ahead in all

	// Only of the goroutine that receives, which is one at a time.
	receiving []byte
	// Only of the goroutine that sends, likewise.
	begun    bool
	finished bool
	sending  []byte
}

func newCall(c *connection, stream uint32) *Call {
	call := &Call{connection: c, stream: stream, receiveWindow: streamWindow, window: streamWindow}
	call.inputGrown.L = &c.mutex
	call.context, call.cancel = context.WithCancel(context.Background())
	return call
}

// Context is cancelled when the client is gone or wants no answer any more, and when the call is over.
func (c *Call) Context() context.Context { return c.context }

// ExpectMuch lets the client send more ahead, where the handler takes all that comes.
func (c *Call) ExpectMuch() error {
	c.connection.mutex.Lock()
	grant := bulkWindow - c.window
	c.window += grant
	c.receiveWindow += grant
	c.connection.mutex.Unlock()
	return c.connection.writer.write(appendUint32Frame(nil, frameWindowUpdate, c.stream, uint32(grant)))
}

// give adds input, under the lock; true when it is more than the peer was allowed.
func (c *Call) give(data []byte, size int) bool {
	if size > c.receiveWindow {
		return true
	}
	c.receiveWindow -= size
	c.taken += size - len(data)
	c.input.Write(data)
	c.inputGrown.Broadcast()
	return false
}

// endInput says that no input follows, under the lock.
func (c *Call) endInput() {
	c.inputEnded = true
	c.inputGrown.Broadcast()
}

// end ends the call for the client, under the lock.
func (c *Call) end(problem error) {
	if c.problem == nil {
		c.problem = problem
		c.cancel()
		c.inputGrown.Broadcast()
		c.connection.windowGrown.Broadcast()
	}
}

// Receive gives the next message of the client; io.EOF when there is none. One goroutine at a time may receive.
func (c *Call) Receive(message Message) error {
	var header [messageHeaderSize]byte
	if err := c.take(header[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if header[0] != 0 {
		return Errorf(Unimplemented, "compressed messages are not understood")
	}
	if size > largestMessage {
		return Errorf(ResourceExhausted, "a message of %d bytes is too large", size)
	}
	if cap(c.receiving) < int(size) {
		c.receiving = make([]byte, size)
	}
	body := c.receiving[:size]
	if err := c.take(body); err != nil {
		if err == io.EOF {
			err = Errorf(Internal, "the last message is not complete")
		}
		return err
	}
	message.Reset()
	if err := message.UnmarshalVT(body); err != nil {
		return Errorf(Internal, "a message cannot be read: %v", err)
	}
	return nil
}

// take fills into from the input, and lets the peer send as much again.
func (c *Call) take(into []byte) error {
	for filled := 0; filled < len(into); {
		count, grant, err := c.takeSome(into[filled:])
		if err != nil {
			return err
		}
		filled += count
		if grant > 0 {
			err := c.connection.writer.write(appendUint32Frame(nil, frameWindowUpdate, c.stream, uint32(grant)))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// takeSome waits for input and takes what fits. grant is what the peer should be told that it may send again.
func (c *Call) takeSome(into []byte) (count, grant int, err error) {
	c.connection.mutex.Lock()
	defer c.connection.mutex.Unlock()
	for c.input.Len() == 0 {
		switch {
		case c.problem != nil:
			return 0, 0, c.problem
		case c.inputEnded:
			return 0, 0, io.EOF
		}
		c.inputGrown.Wait()
	}
	count, _ = c.input.Read(into)
	c.taken += count
	if c.taken >= c.window/4 && !c.inputEnded {
		grant = c.taken
		c.receiveWindow += grant
		c.taken = 0
	}
	return count, grant, nil
}

// Send sends a message, waiting until the client has room for it. One goroutine at a time may send.
func (c *Call) Send(message Message) error { return c.send(message, nil) }

// sendLast sends the one message of a call together with the status.
func (c *Call) sendLast(message Message) error {
	trailers, err := statusFields(nil)
	if err != nil {
		return err
	}
	return c.send(message, trailers)
}

func (c *Call) send(message Message, trailers []hpack.HeaderField) error {
	size := message.SizeVT()
	c.sending = slices.Grow(c.sending[:0], messageHeaderSize+size)[:messageHeaderSize+size]
	c.sending[0] = 0
	binary.BigEndian.PutUint32(c.sending[1:], uint32(size))
	if _, err := message.MarshalToSizedBufferVT(c.sending[messageHeaderSize:]); err != nil {
		return err
	}
	for rest := c.sending; len(rest) > 0; {
		allowed, err := c.reserve(min(len(rest), turnSize))
		if err != nil {
			return err
		}
		t := turn{stream: c.stream, headers: c.openingHeaders(), data: rest[:allowed]}
		if rest = rest[allowed:]; len(rest) == 0 && trailers != nil {
			c.finish(&t, trailers)
		}
		if err := c.connection.writer.take(t); err != nil {
			return err
		}
	}
	return nil
}

// openingHeaders are those of the response, the first time.
func (c *Call) openingHeaders() []hpack.HeaderField {
	if c.begun {
		return nil
	}
	c.begun = true
	return responseHeaders
}

// finish makes a turn the call's last.
func (c *Call) finish(t *turn, trailers []hpack.HeaderField) {
	c.finished = true
	t.trailers = trailers
	c.connection.withCall(c.stream, func(*Call) { t.reset = !c.inputEnded })
}

// reserve waits until something may be sent, and takes at most wanted bytes from the windows.
func (c *Call) reserve(wanted int) (int, error) {
	connection := c.connection
	connection.mutex.Lock()
	defer connection.mutex.Unlock()
	for {
		if c.problem != nil {
			return 0, c.problem
		}
		allowed := min(int64(wanted), c.sendWindow, connection.sendWindow)
		if allowed > 0 {
			c.sendWindow -= allowed
			connection.sendWindow -= allowed
			return int(allowed), nil
		}
		connection.windowGrown.Wait()
	}
}

// serve runs the handler and ends the call.
func (c *Call) serve(handler Handler, path string) {
	err := Errorf(Unimplemented, "there is no method %s", path)
	if handler != nil {
		err = handler(c)
	}
	if !c.finished {
		c.sendStatus(err)
	}
	c.connection.mutex.Lock()
	defer c.connection.mutex.Unlock()
	delete(c.connection.calls, c.stream)
	c.end(context.Canceled)
}

// sendStatus ends the call with a status. An error here means that the connection is lost, which its read loop notices.
func (c *Call) sendStatus(err error) {
	trailers, detailErr := statusFields(err)
	if detailErr != nil {
		trailers, _ = statusFields(Errorf(Internal, "%v", detailErr))
	}
	c.connection.mutex.Lock()
	gone := c.problem != nil
	c.connection.mutex.Unlock()
	if gone {
		return
	}
	t := turn{stream: c.stream, headers: nil}
	if opening := c.openingHeaders(); opening != nil {
		trailers = append(append([]hpack.HeaderField(nil), opening...), trailers...) // gRPC's "Trailers-Only"
	}
	c.finish(&t, trailers)
	_ = c.connection.writer.take(t)
}

func statusFields(err error) ([]hpack.HeaderField, error) {
	status := statusOf(err)
	fields := []hpack.HeaderField{{Name: "grpc-status", Value: strconv.Itoa(int(status.Code))}}
	if status.Message != "" {
		fields = append(fields, hpack.HeaderField{Name: "grpc-message", Value: escape(status.Message)})
	}
	if status.Detail != nil {
		details, err := status.details()
		if err != nil {
			return nil, err
		}
		fields = append(fields, hpack.HeaderField{Name: "grpc-status-details-bin", Value: details})
	}
	return fields, nil
}
