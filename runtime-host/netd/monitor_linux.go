package main

import (
	"log/slog"
	"os"
)

// monitorSlack is how much later than asked the monitor thread may wake up, in nanoseconds.
const monitorSlack = "1000000"

// quietMonitor lets the monitor thread of Go's runtime sleep longer. Beside a program that is woken up all the time it
// wakes up every 20 µs itself; netd needs it for little, as it never waits in a system call.
func quietMonitor() {
	// The first thread that the runtime starts, before any of our code runs.
	threads, err := os.ReadDir("/proc/self/task")
	if err == nil && len(threads) > 1 {
		err = os.WriteFile("/proc/"+threads[1].Name()+"/timerslack_ns", []byte(monitorSlack), 0)
	}
	if err != nil {
		// It costs a third more CPU time for small packets, and nothing else.
		slog.Debug("the monitor thread wakes up often", "error", err.Error())
	}
}
