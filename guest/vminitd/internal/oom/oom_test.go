package oom

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"berth.dev/vminitd/internal/cgroup"
	"golang.org/x/sys/unix"
)

// newTestWatch has a pipe for a kernel log; kill counts a kill, and line writes what the kernel says of it.
func newTestWatch(t *testing.T) (w *Watch, kill func(kills int), line func(pid int, at time.Duration)) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_DIRECT); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(ends[0])
		unix.Close(ends[1])
	})
	directory := t.TempDir()
	w = NewWatch(cgroup.Group(directory))
	w.log = ends[0]
	kill = func(kills int) {
		if err := os.WriteFile(filepath.Join(directory, "memory.events"), fmt.Appendf(nil, "oom_kill %d\n", kills), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	line = func(pid int, at time.Duration) {
		text := fmt.Appendf(nil, "3,1,%d,-;Memory cgroup out of memory: Killed process %d (x) total\n", at.Microseconds(), pid)
		if _, err := unix.Write(ends[1], text); err != nil {
			t.Fatal(err)
		}
	}
	return w, kill, line
}

func TestKilled(t *testing.T) {
	w, kill, line := newTestWatch(t)
	if w.Killed(5, 0) {
		t.Error("nobody was killed")
	}
	kill(1)
	line(5, 10*time.Second)
	if w.Killed(6, 0) || !w.Killed(5, 9*time.Second) {
		t.Error("5 was killed, 6 was not")
	}
	if w.Killed(5, 100*time.Second) {
		t.Error("this one has only got the number of another")
	}
	kill(2)
	line(5, 200*time.Second)
	if !w.Killed(5, 100*time.Second) {
		t.Error("now it was killed as well")
	}
}

// A line that never comes costs one wait, not one for each process that is killed from then on.
func TestLostLine(t *testing.T) {
	w, kill, line := newTestWatch(t)
	kill(1)
	if w.Killed(5, 0) {
		t.Error("5 was killed by somebody else")
	}
	before := time.Now()
	if w.Killed(6, 0) || time.Since(before) > patience/2 {
		t.Errorf("it waited again, for %v", time.Since(before))
	}
	line(7, time.Second)
	if !w.Killed(7, 0) || w.overdue != 0 {
		t.Error("the line came late, but it came")
	}
}

func TestVictim(t *testing.T) {
	const line = "Memory cgroup out of memory: Killed process 56 (awk) total-vm:447084kB, anon-rss:444800kB, file-rss:256kB, shmem-rss:0kB, UID:0 pgtables:908kB oom_score_adj:0\n"
	for _, test := range []struct {
		record string
		pid    int
		want   bool
	}{
		{"3,282,143895387,-;" + line, 56, true},
		{"3,1300,15895387,-;Out of memory: Killed process 1234 (node: worker) total-vm:1kB\n", 1234, true},
		{"6,283,143895399,-;oom_reaper: reaped process 56 (awk), now anon-rss:0kB\n", 0, false},
		{"4,281,143892625,-;awk invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=0\n", 0, false},
		{"12,900,143895387,-;" + line, 0, false}, // Written by a program.
		{"3,282,143895387,-;Memory cgroup out of memory: Killed process many\n", 0, false},
		{"", 0, false},
	} {
		pid, at, isVictim := victim(test.record)
		if isVictim && at <= 0 {
			t.Errorf("%q: at %v", test.record, at)
		}
		if isVictim != test.want || isVictim && pid != test.pid {
			t.Errorf("%q: %d, %v", test.record, pid, isVictim)
		}
	}
}
