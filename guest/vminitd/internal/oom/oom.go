// Package oom tells which processes the kernel killed because memory ran out. The cgroup's counter says how many they
// were, the kernel's log says which ones: a process that ended with SIGKILL may as well have got that from somebody.
package oom

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// The kernel counts, then kills, then writes the line: on a busy machine the line may come a moment later.
const patience = time.Second

// Watch knows what was killed so far. It reads only when it is asked.
type Watch struct {
	group cgroup.Group
	mutex sync.Mutex
	log   int // Descriptor of /dev/kmsg; 0 before it is needed.
	lines uint64
	// Lines that did not come in time: lost, or still to come.
	overdue uint64
	// Process ids in the initial namespace, and when they were killed, since the boot.
	victims map[int]time.Duration
}

// mostVictims bounds what is kept of processes that nobody asks for: children of the container's own.
const mostVictims = 4096

// tolerance is what the kernel's log and its clock may differ by. A number comes back only after all others.
const tolerance = time.Second

// NewWatch watches a cgroup.
func NewWatch(group cgroup.Group) *Watch {
	return &Watch{group: group, victims: map[int]time.Duration{}}
}

// Kills is how many processes of the container were killed since it was started.
func (w *Watch) Kills() uint64 {
	kills, err := w.group.OOMKills()
	if err != nil {
		system.Log("%v", err)
	}
	return kills
}

// Killed tells whether a process that ended with SIGKILL was killed for want of memory. It started so long after the boot:
// another one may have had its number before.
func (w *Watch) Killed(pid int, started time.Duration) bool {
	kills := w.Kills()
	if kills == 0 {
		return false
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	deadline := time.Now().Add(patience)
	for {
		if err := w.readLog(); err != nil {
			system.Log("kernel log: %v", err)
			return false
		}
		if at, isVictim := w.victims[pid]; isVictim && at+tolerance >= started {
			return true
		}
		left := time.Until(deadline)
		if left <= 0 {
			w.overdue = kills - min(kills, w.lines) // Nobody waits for them again.
		}
		if w.lines+w.overdue >= kills {
			return false
		}
		poll := []unix.PollFd{{Fd: int32(w.log), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, int(left.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			system.Log("kernel log: %v", err)
			return false
		}
	}
}

// readLog reads what the kernel has written since the last time.
func (w *Watch) readLog() error {
	if w.log == 0 {
		descriptor, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		w.log = descriptor
	}
	// One record each time (dev-kmsg in the kernel's ABI documentation); a longer one fails with EINVAL.
	record := make([]byte, 8192)
	for {
		count, err := unix.Read(w.log, record)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EINTR):
			// EPIPE: older records were overwritten before they were read; the next one is there.
		case err != nil:
			return err
		default:
			if pid, at, isVictim := victim(string(record[:count])); isVictim {
				w.note(pid, at)
			}
		}
	}
}

func (w *Watch) note(pid int, at time.Duration) {
	w.lines++
	w.overdue -= min(w.overdue, 1)
	if len(w.victims) >= mostVictims {
		clear(w.victims)
	}
	w.victims[pid] = at
}

// victim reads records like "3,512,9138245,-;Memory cgroup out of memory: Killed process 77 (tail) total-vm:…". Only the
// kernel writes with facility 0, which makes numbers up to 7.
// The third field counts microseconds since the boot.
func victim(record string) (pid int, at time.Duration, isVictim bool) {
	prefix, message, _ := strings.Cut(record, ";")
	fields := strings.Split(prefix, ",")
	if level, err := strconv.Atoi(fields[0]); err != nil || level > 7 || len(fields) < 3 {
		return 0, 0, false
	}
	cause, rest, found := strings.Cut(message, ": Killed process ")
	if !found || !strings.HasSuffix(strings.ToLower(cause), "out of memory") {
		return 0, 0, false
	}
	number, _, _ := strings.Cut(rest, " ")
	pid, pidErr := strconv.Atoi(number)
	microseconds, timeErr := strconv.ParseInt(fields[2], 10, 64)
	return pid, time.Duration(microseconds) * time.Microsecond, pidErr == nil && timeErr == nil
}
