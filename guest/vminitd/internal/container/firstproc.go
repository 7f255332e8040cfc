package container

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel mounts /proc for the PID namespace that the caller itself is in, and nothing of vminitd is in the
// container's. So the first process is stopped as soon as it has its program but before that runs; a second one, which
// only makes a system call, mounts /proc; then the first goes on. The same thread must do all of it: it is the tracer.

// mountProcWhileStopped takes a process that was started with PTRACE_TRACEME and lets it run once /proc is there.
func mountProcWhileStopped(pid int) error {
	if err := waitUntilStopped(pid); err != nil {
		return err
	}
	err := mountProc()
	if err == nil {
		err = mask()
	}
	if err == nil {
		err = unix.PtraceDetach(pid)
	}
	if err != nil {
		endStopped(pid)
		return err
	}
	return nil
}

func waitUntilStopped(pid int) error {
	var status unix.WaitStatus
	if err := waitFor(pid, &status); err != nil {
		return fmt.Errorf("first process: %w", err)
	}
	if !status.Stopped() {
		return fmt.Errorf("the first process ended before it began (status %#x)", uint32(status))
	}
	return nil
}

func endStopped(pid int) {
	var status unix.WaitStatus
	if unix.Kill(pid, unix.SIGKILL) == nil {
		waitFor(pid, &status)
	}
}

func waitFor(pid int, status *unix.WaitStatus) error {
	for {
		_, err := unix.Wait4(pid, status, 0, nil)
		if err != unix.EINTR {
			return err
		}
	}
}

// mountProc mounts /proc from inside the container's PID namespace.
func mountProc() error {
	if err := mountPoint("/proc"); err != nil {
		return err
	}
	kind, target := cString("proc"), cString("/proc")
	pid, errno := forkMount(kind, target, plain)
	if errno != 0 {
		return &MountError{"/proc", errno}
	}
	var status unix.WaitStatus
	if err := waitFor(pid, &status); err != nil {
		return &MountError{"/proc", err}
	}
	if !status.Exited() || status.ExitStatus() != 0 {
		return &MountError{"/proc", syscall.Errno(status.ExitStatus())}
	}
	return nil
}

func cString(text string) *byte {
	return &append([]byte(text), 0)[0]
}

// forkMount forks a child that mounts and exits with the error number. The child is a copy of a single thread of Go's
// runtime: it must not grow its stack, allocate or be scheduled, so it makes raw system calls only, in functions that
// the compiler knows not to split.
//
//go:norace
//go:nosplit
//go:noinline
func forkMount(kind, target *byte, flags uintptr) (int, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return int(pid), errno
	}
	_, _, errno = syscall.RawSyscall6(syscall.SYS_MOUNT, uintptr(unsafe.Pointer(kind)), uintptr(unsafe.Pointer(target)),
		uintptr(unsafe.Pointer(kind)), flags, 0, 0)
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(errno), 0, 0)
	}
}
