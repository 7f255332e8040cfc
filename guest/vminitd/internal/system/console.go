// Package system does what PID 1 owes the machine: early mounts, the loopback interface, the clock, the console, the
// way out.
package system

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

var verbose bool

// Log writes a line to the console. For what somebody must look at; normal operation is quiet.
func Log(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "vminitd: "+format+"\n", arguments...)
}

// Trace writes a line with the time since boot when the kernel command line has `berth.debug`.
func Trace(format string, arguments ...any) {
	if verbose {
		fmt.Fprintf(os.Stderr, "vminitd: %8.3f ms "+format+"\n", append([]any{SinceBoot().Seconds() * 1000}, arguments...)...)
	}
}

// SinceBoot is the kernel's time since it started, time asleep included.
func SinceBoot() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
