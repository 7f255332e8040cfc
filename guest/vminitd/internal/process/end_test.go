package process

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestHandlesSignal(t *testing.T) {
	for _, test := range []struct {
		status string
		want   bool
	}{
		{"SigBlk:\t0000000000000000\nSigIgn:\t0000000000004000\nSigCgt:\t0000000000000000\n", false},
		{"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000004000\n", true},
		{"SigBlk:\t0000000000004000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n", true},
		{"SigCgt:\tnonsense\n", true},
		{"", false},
	} {
		if got := handlesSignal(test.status, unix.SIGTERM); got != test.want {
			t.Errorf("%q: %v", test.status, got)
		}
	}
}
