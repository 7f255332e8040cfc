// Package container makes the container's world and starts processes in it.
//
// There is no helper process. One operating system thread of vminitd leaves for the container: it unshares mount, PID,
// UTS, IPC and cgroup namespaces and makes the root disk its root directory. Whatever that thread does happens in the
// container: paths that it opens cannot leave the root file system, whatever links the image holds, and the processes
// that it forks are born inside. Go's runtime never makes other threads from a locked one, so nothing else moves.
package container

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

const cgroupPath = string(cgroup.Container)

const namespaces = unix.CLONE_FS | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP

// thread runs functions on the container's thread, one after the other.
type thread struct {
	work chan func()
}

// startThread makes the thread and its namespaces. The root directory is still vminitd's.
func startThread(prepare func() error) (*thread, error) {
	t := &thread{work: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // Never unlocked: no other goroutine may run on this thread.
		ready <- prepare()
		for work := range t.work {
			work()
		}
	}()
	return t, <-ready
}

// do runs a function on the thread and returns when it has ended.
func (t *thread) do(work func() error) error {
	result := make(chan error)
	t.work <- func() { result <- work() }
	return <-result
}

// unshare gives the calling thread namespaces of its own.
func unshare() error {
	if err := unix.Unshare(namespaces); err != nil {
		return fmt.Errorf("namespaces of the container: %w", err)
	}
	unix.Umask(0o022)
	return system.WakeOnTime()
}

// inContainerCgroup runs work while vminitd is in the container's cgroup: the root of a new cgroup namespace is the
// cgroup that its maker is in, and a process moves as a whole. Not on the container's thread: from inside its namespace
// there is no way out.
func inContainerCgroup(work func() error) error {
	if err := os.Mkdir(cgroupPath, 0o755); err != nil {
		return fmt.Errorf("cgroup of the container: %w", err)
	}
	if err := cgroup.Container.LimitMemory(); err != nil {
		return fmt.Errorf("memory of the container: %w", err)
	}
	if err := moveSelf(cgroupPath); err != nil {
		return err
	}
	return errors.Join(work(), moveSelf("/sys/fs/cgroup"))
}

func moveSelf(cgroup string) error {
	if err := os.WriteFile(cgroup+"/cgroup.procs", []byte("0"), 0); err != nil {
		return fmt.Errorf("cgroup %s: %w", cgroup, err)
	}
	return nil
}
