package cgroup

import "testing"

func TestTaskLimit(t *testing.T) {
	for _, test := range []struct{ most, present, want uint64 }{
		{1834, 48, 1834 - 64 - 114 - 48},
		{32768, 60, 32768 - 64 - 2048 - 60},
		{200, 48, 100},
		{0, 48, 0},
	} {
		if got := taskLimit(test.most, test.present); got != test.want {
			t.Errorf("of %d, %d there: %d, want %d", test.most, test.present, got, test.want)
		}
	}
}

func TestParseTasks(t *testing.T) {
	for load, want := range map[string]uint64{"0.16 0.03 0.01 2/49 2\n": 49, "": 0, "1 2 3": 0} {
		if got := parseTasks(load); got != want {
			t.Errorf("%q: %d", load, got)
		}
	}
}
