package stdio

import "sync"

// Stream numbers the output streams of a process.
type Stream int

// The streams of a process. A terminal has only Stdout.
const (
	Stdout Stream = iota
	Stderr
	streams
)

// Output keeps what a process writes until the host has stored it.
//
// A writer waits while a stream is full of bytes that nobody has stored, which in turn lets the process wait. Which
// bytes are stored is told by Acknowledge; until the first acknowledgement, by the slowest of the readers.
type Output struct {
	mutex        sync.Mutex
	rings        [streams]ring
	changed      sync.Cond
	acknowledged bool
	discarding   bool
	finished     bool
	readers      map[*Reader]struct{}
}

// NewOutput makes an Output with nothing in it.
func NewOutput() *Output {
	o := &Output{readers: map[*Reader]struct{}{}}
	o.changed.L = &o.mutex
	for i := range o.rings {
		o.rings[i].limit = RingLimit
	}
	return o
}

// Write appends to a stream, waiting for room as long as needed.
func (o *Output) Write(stream Stream, data []byte) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	ring := &o.rings[stream]
	for len(data) > 0 && !o.discarding {
		room := ring.room()
		if room == 0 {
			o.changed.Wait()
			continue
		}
		count := min(room, len(data))
		ring.write(data[:count])
		data = data[count:]
		o.wakeReaders()
	}
}

// Finish tells readers that what the process wrote before it ended is all there.
func (o *Output) Finish() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.finished = true
	o.wakeReaders()
}

// Discard drops what is written from now on: nobody will read it.
func (o *Output) Discard() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.discarding = true
	o.changed.Broadcast()
}

// Acknowledge says that the host has stored everything before the offsets.
func (o *Output) Acknowledge(stdout, stderr uint64) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.acknowledged = true
	o.rings[Stdout].keepFrom(stdout)
	o.rings[Stderr].keepFrom(stderr)
	o.changed.Broadcast()
}

func (o *Output) wakeReaders() {
	for reader := range o.readers {
		select {
		case reader.Ready <- struct{}{}:
		default: // It has not yet seen the last one.
		}
	}
}

// paceByReaders lets the slowest reader decide what is kept, while nobody acknowledges.
func (o *Output) paceByReaders() {
	if o.acknowledged {
		return
	}
	for i := range o.rings {
		slowest := o.rings[i].end
		for reader := range o.readers {
			slowest = min(slowest, reader.offsets[i])
		}
		o.rings[i].keepFrom(slowest)
	}
	o.changed.Broadcast()
}
