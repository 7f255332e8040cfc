package container

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Share is a directory of the host that appears in the container.
type Share struct {
	Tag      string
	Target   string
	ReadOnly bool
}

// Container is the one container of the VM.
type Container struct {
	thread  *thread
	cgroup  *os.File
	mounted atomic.Bool
	shares  []string
}

// New makes the container's namespaces. It takes a while and needs nothing from the host, so it runs while the host
// connects.
func New() (*Container, error) {
	c := &Container{}
	err := inContainerCgroup(func() (err error) {
		c.thread, err = startThread(unshare)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.cgroup, err = os.OpenFile(cgroupPath, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cgroup of the container: %w", err)
	}
	return c, nil
}

// Mount makes the root disk the container's root directory and mounts the shares and the kernel's file systems in it.
func (c *Container) Mount(rootDevice, hostname string, shares []Share) error {
	return c.thread.do(func() error {
		if err := enterRoot(rootDevice); err != nil {
			return err
		}
		c.mounted.Store(true)
		if err := mountKernelFileSystems(); err != nil {
			return err
		}
		for _, share := range byDepth(shares) {
			if err := mountShare(share); err != nil {
				return err
			}
			c.shares = append(c.shares, share.Target)
		}
		return setHostname(hostname)
	})
}

// Unmount writes everything to the disk and leaves the root file system clean. All processes have ended before.
func (c *Container) Unmount() error {
	if !c.mounted.Swap(false) {
		return nil
	}
	return c.thread.do(func() error {
		var problems []error
		for i := len(c.shares) - 1; i >= 0; i-- {
			if err := unix.Unmount(c.shares[i], 0); err != nil {
				problems = append(problems, fmt.Errorf("unmount %s: %w", c.shares[i], err))
			}
		}
		unix.Sync()
		// The root of this thread cannot be unmounted while it is the root; read-only it is just as clean.
		if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			problems = append(problems, fmt.Errorf("remount the root file system read-only: %w", err))
		}
		return errors.Join(problems...)
	})
}
