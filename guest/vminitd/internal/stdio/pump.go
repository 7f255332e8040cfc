package stdio

import (
	"errors"
	"os"
	"sync"
	"time"
)

// Pump moves what a process writes from its pipe or terminal into an Output.
type Pump struct {
	output *Output
	stream Stream
	file   *os.File
	// Closed when there is nothing more to read.
	Ended   chan struct{}
	drained chan struct{}
	once    sync.Once
}

// PipeSize is how much a process can write before it has to wait for vminitd to run.
const PipeSize = 256 << 10

const pumpSize = 64 << 10

// StartPump reads file until nobody can write to it any more. It does not close it.
func StartPump(output *Output, stream Stream, file *os.File) *Pump {
	p := &Pump{output: output, stream: stream, file: file, Ended: make(chan struct{}), drained: make(chan struct{})}
	go p.run()
	return p
}

// Drain returns when everything that was written before the call is in the Output, which may take as long as nobody
// makes room there. Called once, after the process has ended.
func (p *Pump) Drain() {
	// Interrupts a read that waits. The next read takes what is there and does not wait: see run.
	if err := p.file.SetReadDeadline(time.Unix(1, 0)); err != nil {
		p.markDrained() // The file is closed: all was read.
	}
	<-p.drained
}

func (p *Pump) markDrained() { p.once.Do(func() { close(p.drained) }) }

// run reads until the end of file, which for a terminal is an error (EIO).
func (p *Pump) run() {
	defer close(p.Ended)
	defer p.markDrained()
	buffer := make([]byte, pumpSize)
	for {
		count, err := p.file.Read(buffer)
		p.output.Write(p.stream, buffer[:count])
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = p.drain(buffer)
		}
		if err != nil {
			return
		}
	}
}

// drain reads without waiting until nothing is left, then lets reads wait again. It stops after as much as a pipe can
// hold: what comes then was written later, by a child of the process that may never be silent.
func (p *Pump) drain(buffer []byte) error {
	for total := 0; total <= PipeSize; {
		count, err := readNow(p.file, buffer)
		p.output.Write(p.stream, buffer[:count])
		if errors.Is(err, errNothingNow) {
			break
		}
		if err != nil {
			return err
		}
		total += count
	}
	p.markDrained()
	return p.file.SetReadDeadline(time.Time{})
}
