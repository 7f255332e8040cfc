package grpc

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"sync"

	"golang.org/x/net/http2/hpack"
)

// Flow control (RFC 9113, 5.2). A call may have streamWindow under way that its handler has not taken: little, since
// there may be thousands whose handlers take nothing, and their input is kept here; one that carries much asks for bulkWindow.
// The connection's window is given back as data arrives, so one call that nobody serves stops no other.
const (
	defaultWindow      = 1<<16 - 1
	streamWindow       = 128 << 10
	bulkWindow         = 1 << 20
	connectionWindow   = 4 << 20
	largestWindow      = math.MaxInt32
	largestFrame       = 64 << 10
	defaultFrame       = 16 << 10
	largestFrameEver   = 1<<24 - 1
	largestHeaderBlock = 64 << 10
	readBuffer         = 64 << 10
)

// connection is one HTTP/2 connection.
//
//	read loop (serve) ──► frames ──► calls' input ──► handlers, a goroutine each
//	handlers ──► writer (its lock is the turn to write) ──► the peer
type connection struct {
	peer    io.ReadWriteCloser
	methods map[string]Handler
	frames  frameReader
	headers *hpack.Decoder
	fields  []hpack.HeaderField
	// Bytes that arrived and whose window was not given back yet.
	received int
	newest   uint32
	writer   writer

	// Guards what follows and the state of all calls.
	mutex       sync.Mutex
	windowGrown sync.Cond
	calls       map[uint32]*Call
	sendWindow  int64
	peerWindow  int64 // what new calls may send
	closed      bool
}

func newConnection(accepted io.ReadWriteCloser, methods map[string]Handler) *connection {
	c := &connection{
		peer:       accepted,
		methods:    methods,
		frames:     frameReader{reader: bufio.NewReaderSize(accepted, readBuffer), largest: largestFrame},
		calls:      map[uint32]*Call{},
		sendWindow: defaultWindow,
		peerWindow: defaultWindow,
	}
	c.windowGrown.L = &c.mutex
	c.headers = hpack.NewDecoder(4096, func(field hpack.HeaderField) { c.fields = append(c.fields, field) })
	c.headers.SetMaxStringLength(largestHeaderBlock)
	c.writer.init(accepted)
	return c
}

// serve returns when the connection has ended and its calls know.
func (c *connection) serve() {
	err := c.run()
	var violation connectionError
	if errors.As(err, &violation) {
		c.goAway(violation)
	}
	c.mutex.Lock()
	c.closed = true
	for _, call := range c.calls {
		call.end(context.Canceled)
	}
	c.windowGrown.Broadcast()
	c.mutex.Unlock()
	c.peer.Close()
}

func (c *connection) run() error {
	start := make([]byte, len(preface))
	if _, err := io.ReadFull(c.frames.reader, start); err != nil {
		return err
	}
	if string(start) != preface {
		return connectionError{codeProtocolError, "this is not HTTP/2"}
	}
	settings := appendSetting(nil, settingInitialWindowSize, streamWindow)
	settings = appendSetting(settings, settingMaxFrameSize, largestFrame)
	hello := append(appendFrameHeader(nil, len(settings), frameSettings, 0, 0), settings...)
	hello = appendUint32Frame(hello, frameWindowUpdate, 0, connectionWindow-defaultWindow)
	if err := c.writer.write(hello); err != nil {
		return err
	}
	for {
		f, err := c.frames.read()
		if err != nil {
			return err
		}
		if err := c.obey(f); err != nil {
			return err
		}
	}
}

func (c *connection) obey(f frame) error {
	switch f.kind {
	case frameData:
		return c.data(f)
	case frameHeaders:
		return c.header(f)
	case frameResetStream:
		c.withCall(f.stream, func(call *Call) { call.end(context.Canceled) })
	case frameSettings:
		return c.settings(f)
	case framePing:
		if !f.has(flagAck) {
			return c.writer.write(append(appendFrameHeader(nil, len(f.payload), framePing, flagAck, 0), f.payload...))
		}
	case frameWindowUpdate:
		return c.windowUpdate(f)
	case framePushPromise, frameContinuation:
		return connectionError{codeProtocolError, "a frame that does not belong here"}
	case frameGoAway: // The peer starts no more calls; those that run go on.
	}
	return nil
}

// withCall runs work under the lock when the call is known.
func (c *connection) withCall(stream uint32, work func(*Call)) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if call := c.calls[stream]; call != nil {
		work(call)
	}
}

func (c *connection) data(f frame) error {
	size := len(f.payload) // Padding counts.
	if err := f.unpad(); err != nil {
		return err
	}
	overrun := false
	c.withCall(f.stream, func(call *Call) {
		overrun = call.give(f.payload, size)
		if f.has(flagEndStream) {
			call.endInput()
		}
	})
	if overrun {
		return connectionError{codeFlowControl, "more data than was allowed"}
	}
	c.received += size
	if c.received < connectionWindow/4 {
		return nil
	}
	grant := uint32(c.received)
	c.received = 0
	return c.writer.write(appendUint32Frame(nil, frameWindowUpdate, 0, grant))
}

func (c *connection) settings(f frame) error {
	if f.has(flagAck) {
		return nil
	}
	if len(f.payload)%6 != 0 {
		return connectionError{codeFrameSize, "settings of a wrong size"}
	}
	for rest := f.payload; len(rest) > 0; rest = rest[6:] {
		value := binary.BigEndian.Uint32(rest[2:])
		switch settingID(binary.BigEndian.Uint16(rest)) {
		case settingHeaderTableSize:
			c.writer.setHeaderTable(value)
		case settingInitialWindowSize:
			if value > largestWindow {
				return connectionError{codeFlowControl, "a window that is too large"}
			}
			c.setPeerWindow(int64(value))
		case settingMaxFrameSize:
			if value < defaultFrame || value > largestFrameEver {
				return connectionError{codeProtocolError, "a frame size that is not allowed"}
			}
			c.writer.setLargestFrame(int(value))
		}
	}
	return c.writer.write(appendFrameHeader(nil, 0, frameSettings, flagAck, 0))
}

// setPeerWindow changes what every call may send (RFC 9113, 6.9.2); a call's window may become negative.
func (c *connection) setPeerWindow(size int64) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, call := range c.calls {
		call.sendWindow += size - c.peerWindow
	}
	c.peerWindow = size
	c.windowGrown.Broadcast()
}

func (c *connection) windowUpdate(f frame) error {
	if len(f.payload) != 4 {
		return connectionError{codeFrameSize, "a window update of a wrong size"}
	}
	grant := int64(binary.BigEndian.Uint32(f.payload) & largestWindow)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if f.stream == 0 {
		c.sendWindow += grant
	} else if call := c.calls[f.stream]; call != nil {
		call.sendWindow += grant
	}
	if c.sendWindow > largestWindow {
		return connectionError{codeFlowControl, "a window that is too large"}
	}
	c.windowGrown.Broadcast()
	return nil
}

// header reads a whole header block, which may go on in further frames, and starts a call unless these are trailers.
func (c *connection) header(f frame) error {
	if err := f.unpad(); err != nil {
		return err
	}
	if f.has(flagPriority) {
		const prioritySize = 5
		if len(f.payload) < prioritySize {
			return connectionError{codeFrameSize, "headers without their priority"}
		}
		f.payload = f.payload[prioritySize:]
	}
	block := append([]byte(nil), f.payload...)
	for last := f; !last.has(flagEndHeaders); {
		var err error
		if last, err = c.frames.read(); err != nil {
			return err
		}
		if last.kind != frameContinuation || last.stream != f.stream || len(block)+len(last.payload) > largestHeaderBlock {
			return connectionError{codeProtocolError, "headers that do not end"}
		}
		block = append(block, last.payload...)
	}
	c.fields = c.fields[:0]
	if _, err := c.headers.Write(block); err != nil {
		return connectionError{codeCompression, err.Error()}
	}
	if err := c.headers.Close(); err != nil {
		return connectionError{codeCompression, err.Error()}
	}
	return c.begin(f.stream, f.has(flagEndStream))
}

func (c *connection) begin(stream uint32, ends bool) error {
	if stream <= c.newest {
		if ends { // Trailers, which gRPC's clients do not use.
			c.withCall(stream, (*Call).endInput)
		}
		return nil
	}
	if stream%2 == 0 {
		return connectionError{codeProtocolError, "an even stream from a client"}
	}
	c.newest = stream
	path := ""
	for _, field := range c.fields {
		if field.Name == ":path" {
			path = field.Value
		}
	}
	call := newCall(c, stream)
	c.mutex.Lock()
	call.sendWindow = c.peerWindow
	c.calls[stream] = call
	if ends {
		call.endInput()
	}
	c.mutex.Unlock()
	go call.serve(c.methods[path], path)
	return nil
}

// goAway tells the peer why the connection ends. That it may not hear it changes nothing.
func (c *connection) goAway(violation connectionError) {
	payload := binary.BigEndian.AppendUint32(nil, c.newest)
	payload = binary.BigEndian.AppendUint32(payload, uint32(violation.code))
	payload = append(payload, violation.reason...)
	_ = c.writer.write(append(appendFrameHeader(nil, len(payload), frameGoAway, 0, 0), payload...))
}
