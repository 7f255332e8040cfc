package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

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

// End ends everything in the container: SIGTERM, then SIGKILL after the grace period. With the first process the
// kernel ends all others of its PID namespace. No process can be started afterwards.
func (t *Table) End(grace time.Duration) {
	t.Close()
	first := t.First()
	if first == nil {
		return
	}
	for _, process := range t.All() {
		logUnless(process.Signal(unix.SIGTERM))
	}
	if grace > 0 && heedsTermination(first.PID()) {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-first.Done():
		case <-timer.C:
		}
	}
	logUnless(first.Signal(unix.SIGKILL))
	<-first.Done()
}

func logUnless(err error) {
	if err != nil {
		system.Log("end the container: %v", err)
	}
}

// heedsTermination tells whether waiting after SIGTERM can be of use. A PID namespace's first process is not ended by
// signals that it does not handle, so a `sleep infinity` would only waste the grace period.
func heedsTermination(pid int) bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return true // It may have ended just now.
	}
	return handlesSignal(string(content), unix.SIGTERM)
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
