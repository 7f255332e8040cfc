package reaper

import (
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The only one: a process has one reaper, as two would take each other's children.
var reaper = New()

func start(t *testing.T, script string, files ...*os.File) *Child {
	t.Helper()
	child, err := reaper.Start(func() (int, error) {
		process, err := os.StartProcess("/bin/sh", []string{"sh", "-c", script}, &os.ProcAttr{Files: files})
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
	for range 20 {
		seven, killed := start(t, "exit 7"), start(t, "kill -9 $$")
		<-seven.Done
		<-killed.Done
		if seven.Status.Code != 7 || killed.Status.Code != 137 {
			t.Fatalf("codes %d and %d", seven.Status.Code, killed.Status.Code)
		}
	}
}

func TestSignalAfterTheEnd(t *testing.T) {
	child := start(t, "exec sleep 100")
	if err := child.Signal(unix.SIGTERM); err != nil {
		t.Error(err)
	}
	<-child.Done
	if err := child.Signal(unix.SIGTERM); err != unix.ESRCH {
		t.Errorf("signal to nobody: %v", err)
	}
}

// Whose parent has ended falls to the nearest subreaper as it would to PID 1.
func TestOrphansAreCollected(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	input, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	output, printing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	// Two orphans that live until their input ends, and a parent that does not wait for them.
	child := start(t, "exec 3<&0; cat <&3 & echo $!; cat <&3 & echo $!", input, printing)
	<-child.Done
	input.Close()
	printing.Close()
	hold.Close()
	printed, err := io.ReadAll(output) // Ends when both have ended.
	if err != nil {
		t.Fatal(err)
	}
	orphans := strings.Fields(string(printed))
	if len(orphans) != 2 {
		t.Fatalf("printed %q", printed)
	}
	for _, orphan := range orphans {
		pid, err := strconv.Atoi(orphan)
		if err != nil {
			t.Fatal(err)
		}
		// A zombie can be signalled; that it is collected tells nobody.
		for deadline := time.Now().Add(20 * time.Second); unix.Kill(pid, 0) != unix.ESRCH; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("orphan %d is still there", pid)
			}
		}
	}
}
