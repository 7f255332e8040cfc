package oom

import "testing"

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
		pid, isVictim := victim(test.record)
		if isVictim != test.want || isVictim && pid != test.pid {
			t.Errorf("%q: %d, %v", test.record, pid, isVictim)
		}
	}
}
