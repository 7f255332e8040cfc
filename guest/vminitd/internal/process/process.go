// Package process keeps the processes that the host started: their streams, and how they ended.
package process

import (
	"os"
	"time"

	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/oom"
	"berth.dev/vminitd/internal/reaper"
	"berth.dev/vminitd/internal/stdio"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// Process is a started process as the host knows it.
type Process struct {
	ID       string
	Terminal bool
	Output   *stdio.Output
	Input    *stdio.Input
	child    *reaper.Child
	master   *os.File      // nil without a terminal
	started  time.Duration // since the boot
	exit     Exit
	settled  chan struct{} // Closed when exit is set.
}

// Exit is how a process ended.
type Exit struct {
	reaper.Status
	// The kernel killed it because memory ran out.
	OOMKilled bool
	// How many processes of the container had been killed for that by then.
	OOMKills uint64
}

func newProcess(id string, started *container.Process, memory *oom.Watch) *Process {
	p := &Process{ID: id, Terminal: started.Stderr == nil, Output: stdio.NewOutput(), child: started.Child, started: system.SinceBoot(), settled: make(chan struct{})}
	if p.Terminal {
		p.master = started.Stdout
	}
	p.Input = stdio.NewInput(started.Stdin, p.closeInput)
	go p.follow(memory, started.Stdout, started.Stderr)
	return p
}

// closeInput makes the process read end of file.
func (p *Process) closeInput(input *os.File) error {
	if p.Terminal {
		return container.TypeEndOfFile(input)
	}
	return input.Close()
}

// follow collects the output. What the process wrote before it ended is complete when the Output is finished. Its
// children may go on writing to a pipe; a terminal ends with the process that it was made for.
func (p *Process) follow(memory *oom.Watch, files ...*os.File) {
	var pumps []*stdio.Pump
	for stream, file := range files {
		if file != nil {
			pumps = append(pumps, stdio.StartPump(p.Output, stdio.Stream(stream), file))
		}
	}
	<-p.child.Done
	p.settle(memory)
	p.Input.End()
	for _, pump := range pumps {
		pump.Drain()
	}
	p.Output.Finish()
	for i, pump := range pumps {
		if !p.Terminal {
			<-pump.Ended
		}
		if err := files[i].Close(); err != nil {
			system.Log("close the output of process %d: %v", p.child.PID, err)
		}
	}
}

func (p *Process) settle(memory *oom.Watch) {
	p.exit.Status = p.child.Status
	if p.exit.Signal == unix.SIGKILL {
		p.exit.OOMKilled = memory.Killed(p.child.PID, p.started)
	}
	p.exit.OOMKills = memory.Kills()
	close(p.settled)
}

// PID is the process id as vminitd sees it.
func (p *Process) PID() int { return p.child.PID }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.child.Done }

// Ended tells whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.child.Done:
		return true
	default:
		return false
	}
}

// Exit is how the process ended; false while it runs, and until it is known why it ended.
func (p *Process) Exit() (Exit, bool) {
	select {
	case <-p.settled:
		return p.exit, true
	default:
		return Exit{}, false
	}
}

// Resize sets the size of the terminal; without one it does nothing.
func (p *Process) Resize(size container.Size) error {
	if p.master == nil {
		return nil
	}
	return container.Resize(p.master, size)
}
