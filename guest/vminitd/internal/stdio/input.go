package stdio

import (
	"os"
	"sync"
)

// Input passes bytes on to a process. Several attachments may write; each waits only for its own bytes' turn.
type Input struct {
	mutex   sync.Mutex
	file    *os.File
	onClose func(*os.File) error
	chunks  []inputChunk
	wake    chan struct{}
	closed  bool
}

type inputChunk struct {
	data     []byte
	consumed func(count int)
	last     bool
}

// NewInput writes to file, which it owns. closeInput is called at the end of the input: for a pipe it closes the file.
// A nil file makes an Input that drops everything.
func NewInput(file *os.File, closeInput func(*os.File) error) *Input {
	input := &Input{file: file, onClose: closeInput, wake: make(chan struct{}, 1)}
	if file == nil {
		input.closed = true
	} else {
		go input.pump()
	}
	return input
}

// Write queues data, which must not be changed afterwards; consumed is called with its length once the process has
// taken it, or will never.
func (i *Input) Write(data []byte, consumed func(count int)) {
	i.add(inputChunk{data: data, consumed: consumed})
}

// CloseInput lets the process read end of file after what was written before.
func (i *Input) CloseInput() {
	i.add(inputChunk{last: true})
}

// End stops the pump when the process has ended; input that comes later is dropped.
func (i *Input) End() {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if !i.closed {
		i.closed = true
		i.file.Close()
		i.signal()
	}
}

func (i *Input) add(chunk inputChunk) {
	i.mutex.Lock()
	if !i.closed {
		i.chunks = append(i.chunks, chunk)
		i.signal()
		i.mutex.Unlock()
		return
	}
	i.mutex.Unlock()
	if chunk.consumed != nil {
		chunk.consumed(len(chunk.data))
	}
}

func (i *Input) signal() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// pump writes the queue out until the input is closed, then drops what is left.
func (i *Input) pump() {
	for range i.wake {
		for {
			chunk, closed := i.next()
			if closed {
				return
			}
			if chunk == nil {
				break
			}
			i.pass(*chunk)
		}
	}
}

// next takes a chunk from the queue; once closed it gives back what nobody will read.
func (i *Input) next() (chunk *inputChunk, closed bool) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.closed {
		for _, dropped := range i.chunks {
			if dropped.consumed != nil {
				dropped.consumed(len(dropped.data))
			}
		}
		i.chunks = nil
		return nil, true
	}
	if len(i.chunks) == 0 {
		return nil, false
	}
	first := i.chunks[0]
	i.chunks = i.chunks[1:]
	return &first, false
}

// pass writes one chunk. A write error means that nobody reads any more, so the rest is dropped without a word, as a
// shell's pipe would.
func (i *Input) pass(chunk inputChunk) {
	var err error
	if chunk.last {
		err = i.onClose(i.file)
	} else {
		_, err = i.file.Write(chunk.data)
		if chunk.consumed != nil {
			chunk.consumed(len(chunk.data))
		}
	}
	if err != nil {
		i.End()
	}
}
