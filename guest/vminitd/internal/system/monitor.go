package system

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// How much later than asked threads may wake up, in nanoseconds.
const (
	monitorSlack = "5000000"
	defaultSlack = 50_000 // the kernel's
)

// QuietMonitor lets the monitor thread of Go's runtime sleep longer. Beside a busy program it wakes up every 20 µs, and
// under emulation each time costs as much: a seventh of the time until the first process runs. What the monitor is
// needed for on one processor, running others while one waits in a system call, more schedulers do without it.
func QuietMonitor() error {
	// The first thread that the runtime starts, before any of our code runs.
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	if len(threads) < 2 {
		return errors.New("the runtime has no monitor thread yet")
	}
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	return os.WriteFile("/proc/"+threads[1].Name()+"/timerslack_ns", []byte(monitorSlack), 0)
}

// WakeOnTime gives the calling thread, and so what it forks, the kernel's default slack: a thread that the monitor made
// has the monitor's.
func WakeOnTime() error {
	return unix.Prctl(unix.PR_SET_TIMERSLACK, defaultSlack, 0, 0, 0)
}
