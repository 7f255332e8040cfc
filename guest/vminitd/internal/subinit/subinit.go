// Package subinit is the first process of a container that asked for one (--init): it runs the command as its child,
// passes signals on, collects orphans and ends as the command ends. It is vminitd's own program, executed again inside
// the container, as the container's user and with no more rights than the command.
package subinit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"berth.dev/vminitd/internal/spawn"
	"golang.org/x/sys/unix"
)

// name is what the process is called; vminitd itself is never called so.
const name = "container-init"

// Exit statuses for a command that cannot be run, as shells have them.
const (
	cannotExecute = 126
	notFound      = 127
)

// Arguments are those that make vminitd the init of a command: the file to run and its own arguments.
func Arguments(file string, arguments []string) []string {
	return append([]string{name, file}, arguments...)
}

// IsWanted tells whether a process with these arguments is one.
func IsWanted(arguments []string) bool {
	return len(arguments) > 2 && arguments[0] == name
}

// Run is the whole life of the process; it returns the exit status.
func Run(arguments []string) int {
	// For ps; the kernel would call it as vminitd's file is called.
	_ = os.WriteFile("/proc/self/comm", []byte(name), 0)
	const enough = 256
	signals := make(chan os.Signal, enough)
	signal.Notify(signals)
	child, err := start(arguments[1], arguments[2:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", arguments[2], err)
		if errors.Is(err, fs.ErrNotExist) {
			return notFound
		}
		return cannotExecute
	}
	for received := range signals {
		if status, ended := collect(child); ended {
			return status
		}
		pass(received, child)
	}
	return cannotExecute
}

// start runs the command in a process group of its own, the terminal's foreground where there is one: keys then reach
// it once, and not through us again.
func start(file string, arguments []string) (int, error) {
	s := &spawn.Script{}
	s.Call("process group", unix.SYS_SETPGID, 0, 0)
	if _, err := unix.IoctlGetInt(0, unix.TIOCGPGRP); err == nil {
		s.Call("foreground", unix.SYS_IOCTL, 0, unix.TIOCSPGRP, s.PID())
	}
	s.Execute("execute", file, arguments, os.Environ())
	return s.Run()
}

func pass(received os.Signal, child int) {
	number, isNumber := received.(syscall.Signal)
	switch {
	case !isNumber, number == unix.SIGCHLD, number == unix.SIGTTIN, number == unix.SIGTTOU:
	case number == unix.SIGURG: // how Go's scheduler interrupts its own threads
	default:
		_ = unix.Kill(child, number) // It is collected here only, so the number is still its own.
	}
}

// collect takes all children that have ended and tells whether the command is among them.
func collect(command int) (status int, ended bool) {
	for {
		var how unix.WaitStatus
		pid, err := unix.Wait4(-1, &how, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return status, ended
		}
		if pid != command || !how.Exited() && !how.Signaled() {
			continue
		}
		ended = true
		if status = how.ExitStatus(); how.Signaled() {
			status = 128 + int(how.Signal())
		}
	}
}
