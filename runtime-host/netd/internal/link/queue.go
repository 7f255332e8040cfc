package link

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	// A guest that reads nothing costs at most this much memory, and then loses frames. It is more than the windows of
	// a few TCP connections.
	maxQueuedBytes  = 16 << 20
	maxQueuedFrames = 8192
	// One writev: few enough for IOV_MAX (1024) with about three parts for a frame.
	batchFrames = 256
	batchBytes  = 512 << 10
)

// queue is a bounded queue of frames with one consumer.
type queue struct {
	mu       sync.Mutex
	notEmpty sync.Cond
	frames   []*stack.PacketBuffer
	bytes    int
	closed   bool
}

func (q *queue) init() { q.notEmpty.L = &q.mu }

// push takes a reference of the frame, unless there is no room.
func (q *queue) push(frame *stack.PacketBuffer) bool {
	size := frame.Size()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.frames) >= maxQueuedFrames || q.bytes+size > maxQueuedBytes {
		return false
	}
	q.frames = append(q.frames, frame.IncRef())
	q.bytes += size
	if len(q.frames) == 1 {
		q.notEmpty.Signal()
	}
	return true
}

// pop waits for frames and appends a batch of them; none when the queue is closed.
func (q *queue) pop(batch []*stack.PacketBuffer) []*stack.PacketBuffer {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.frames) == 0 && !q.closed {
		q.notEmpty.Wait()
	}
	if q.closed {
		return batch
	}
	taken, size := 0, 0
	for taken < len(q.frames) && taken < batchFrames && size < batchBytes {
		size += q.frames[taken].Size()
		taken++
	}
	batch = append(batch, q.frames[:taken]...)
	rest := copy(q.frames, q.frames[taken:])
	clear(q.frames[rest:])
	q.frames = q.frames[:rest]
	return batch
}

// release gives back what pop gave, after it was written.
func (q *queue) release(batch []*stack.PacketBuffer) {
	size := 0
	for _, frame := range batch {
		size += frame.Size()
		frame.DecRef()
	}
	q.mu.Lock()
	q.bytes -= size
	q.mu.Unlock()
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, frame := range q.frames {
		frame.DecRef()
	}
	q.frames = nil
	q.notEmpty.Broadcast()
}
