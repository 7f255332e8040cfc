package reaper

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func start(t *testing.T, r *Reaper, arguments ...string) *Child {
	t.Helper()
	child, err := r.Start(func() (int, error) {
		process, err := os.StartProcess("/bin/sh", append([]string{"sh"}, arguments...), &os.ProcAttr{})
		if err != nil {
			return 0, err
		}
		pid := process.Pid
		return pid, process.Release()
	})
	if err != nil {
		t.Fatal(err)
	}
	return child
}

func TestStatuses(t *testing.T) {
	r := New()
	for range 20 {
		seven, killed := start(t, r, "-c", "exit 7"), start(t, r, "-c", "kill -9 $$")
		<-seven.Done
		<-killed.Done
		if seven.Status.Code != 7 || killed.Status.Code != 137 {
			t.Fatalf("codes %d and %d", seven.Status.Code, killed.Status.Code)
		}
	}
}

func TestSignalAfterTheEnd(t *testing.T) {
	child := start(t, New(), "-c", "exec sleep 100")
	if err := child.Signal(unix.SIGTERM); err != nil {
		t.Error(err)
	}
	<-child.Done
	if err := child.Signal(unix.SIGTERM); err != unix.ESRCH {
		t.Errorf("signal to nobody: %v", err)
	}
}
