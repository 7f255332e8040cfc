package grpc

import (
	"bytes"
	"io"
	"sync"

	"golang.org/x/net/http2/hpack"
)

// writer writes whole frames. Its lock is the turn to write. Go hands a lock to whoever waits longest once that has
// taken a millisecond, so calls take turns.
type writer struct {
	mutex   sync.Mutex
	peer    io.Writer
	buffer  []byte
	encoded bytes.Buffer
	encoder *hpack.Encoder
	largest int
}

// turnSize is how much of a message is written in one turn, in several frames if need be.
const turnSize = 64 << 10

func (w *writer) init(peer io.Writer) {
	w.peer = peer
	w.largest = defaultFrame
	w.encoder = hpack.NewEncoder(&w.encoded)
}

func (w *writer) setHeaderTable(size uint32) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.encoder.SetMaxDynamicTableSizeLimit(min(size, 4096))
}

func (w *writer) setLargestFrame(size int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.largest = min(size, turnSize)
}

// write writes frames that are complete.
func (w *writer) write(frames []byte) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	_, err := w.peer.Write(frames)
	return err
}

// turn is what a call writes at once: header fields, a piece of its messages, trailer fields, each or none.
type turn struct {
	stream   uint32
	headers  []hpack.HeaderField
	data     []byte
	trailers []hpack.HeaderField
	// Tell the peer to send no more: the call has ended before its input.
	reset bool
}

func (w *writer) take(t turn) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.buffer = w.buffer[:0]
	if t.headers != nil {
		w.appendHeaders(t.stream, t.headers, 0)
	}
	for data := t.data; len(data) > 0; {
		size := min(len(data), w.largest)
		w.buffer = appendFrameHeader(w.buffer, size, frameData, 0, t.stream)
		w.buffer = append(w.buffer, data[:size]...)
		data = data[size:]
	}
	if t.trailers != nil {
		w.appendHeaders(t.stream, t.trailers, flagEndStream)
	}
	if t.reset {
		w.buffer = appendUint32Frame(w.buffer, frameResetStream, t.stream, uint32(codeNoError))
	}
	_, err := w.peer.Write(w.buffer)
	return err
}

// appendHeaders encodes a header block into one frame, or into several when an error message is that long.
func (w *writer) appendHeaders(stream uint32, fields []hpack.HeaderField, flags uint8) {
	w.encoded.Reset()
	for _, field := range fields {
		_ = w.encoder.WriteField(field) // Writes to memory.
	}
	kind := frameHeaders
	for {
		piece := w.encoded.Next(w.largest)
		if w.encoded.Len() == 0 {
			flags |= flagEndHeaders
		}
		w.buffer = appendFrameHeader(w.buffer, len(piece), kind, flags, stream)
		w.buffer = append(w.buffer, piece...)
		if w.encoded.Len() == 0 {
			return
		}
		kind, flags = frameContinuation, 0
	}
}
