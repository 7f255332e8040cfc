package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// Signal sends a signal to the process; nothing happens when it has ended.
func (p *Process) Signal(signal unix.Signal) error {
	err := p.child.Signal(signal)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// SignalNoticed does the same, and tells whether the process can have noticed it: a PID namespace's first process gets
// no signals but those that it handles or blocks. One that is about to install its handler has the benefit of the doubt.
func (t *Table) SignalNoticed(p *Process, signal unix.Signal) (bool, error) {
	always := p != t.First() || signal == unix.SIGKILL || signal == unix.SIGSTOP
	noticed := always || handles(p.PID(), signal)
	if err := p.Signal(signal); err != nil {
		return false, err
	}
	return noticed || handles(p.PID(), signal), nil
}

// End kills everything in the container: with the first process the kernel ends all others of its PID namespace. No
// process can be started afterwards.
func (t *Table) End() {
	t.Close()
	first := t.First()
	if first == nil {
		return
	}
	if err := first.Signal(unix.SIGKILL); err != nil {
		system.Log("end the container: %v", err)
	}
	<-first.Done()
}

func handles(pid int, signal unix.Signal) bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return true // It may have ended just now.
	}
	return handlesSignal(string(content), signal)
}

// handlesSignal reads proc(5)'s status: SigCgt has the signals with a handler, SigBlk those that are blocked, which a
// process may wait for in other ways.
func handlesSignal(status string, signal unix.Signal) bool {
	var handled uint64
	for line := range strings.Lines(status) {
		name, value, _ := strings.Cut(line, ":")
		if name == "SigCgt" || name == "SigBlk" {
			mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			if err != nil {
				return true
			}
			handled |= mask
		}
	}
	return handled&(1<<(signal-1)) != 0
}
