package subinit

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the test program be the init.
func TestMain(m *testing.M) {
	if IsWanted(os.Args) {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			panic(err)
		}
		os.Exit(Run(os.Args))
	}
	os.Exit(m.Run())
}

func command(t *testing.T, file string, arguments ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: program, Args: Arguments(file, arguments), Stderr: os.Stderr}
}

func TestStatusIsTheCommands(t *testing.T) {
	for _, test := range []struct {
		script string
		want   int
	}{{"exit 0", 0}, {"exit 42", 42}, {"kill -KILL $$", 137}} {
		c := command(t, "/bin/sh", "sh", "-c", test.script)
		if _ = c.Run(); c.ProcessState.ExitCode() != test.want {
			t.Errorf("%s: %d", test.script, c.ProcessState.ExitCode())
		}
	}
	c := command(t, "/no/such/file", "file")
	c.Stderr = nil
	if _ = c.Run(); c.ProcessState.ExitCode() != notFound {
		t.Errorf("missing: %d", c.ProcessState.ExitCode())
	}
}

func TestSignalsArePassedOn(t *testing.T) {
	c := command(t, "/bin/sh", "sh", "-c", `trap 'echo got it; exit 5' USR1; echo ready; while :; do sleep 0.05; done`)
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("%q", lines.Text())
	}
	if err := c.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != "got it" {
		t.Errorf("%q", lines.Text())
	}
	if _ = c.Wait(); c.ProcessState.ExitCode() != 5 {
		t.Errorf("status %d", c.ProcessState.ExitCode())
	}
}

func TestOrphansAreCollected(t *testing.T) {
	c := command(t, "/bin/sh", "sh", "-c", `sh -c 'sleep 0.1 & echo $!; exit 0'; read line`)
	input, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	lines.Scan()
	orphan := "/proc/" + strings.TrimSpace(lines.Text())
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(orphan); os.IsNotExist(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Error("the orphan is still there")
			break
		}
	}
	input.Close()
	_ = c.Wait()
}
