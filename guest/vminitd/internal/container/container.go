package container

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"berth.dev/vminitd/internal/archive"
	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/giveback"
	"berth.dev/vminitd/internal/network"
	"berth.dev/vminitd/internal/system"
	"berth.dev/vminitd/internal/trust"
	"golang.org/x/sys/unix"
)

// Share is a directory of the host that appears in the container.
type Share struct {
	Tag      string
	Target   string
	ReadOnly bool
	// Nil when files keep the host's numbers.
	Owner *ShareOwner
	// It was prepared by PrepareLive.
	Live bool
}

// ShareOwner is the user of the host whose files belong to everybody in the guest.
type ShareOwner struct {
	UID, GID uint32
}

// RootDevice stands for the root disk; see rootDisk.
const RootDevice = "/dev/vda"

// Container is the one container of the VM.
type Container struct {
	// Closed when the container's world is there, or cannot be made.
	ready   chan struct{}
	problem error
	thread  *thread
	cgroup  *os.File
	// The root directory, for whoever is not on the thread.
	root    *archive.Root
	hasRoot atomic.Bool
	// What is to be unmounted, in the order of mounting. Of the thread.
	mounted []mounted
	waiting waitingShares
	disks   map[string]disk
	world   World
	first   *Process
}

// Prepare begins to make the container's namespaces, with the root disk as their root directory. That takes a while and
// needs nothing from the host, so it goes on while the host connects.
func Prepare() *Container {
	c := &Container{ready: make(chan struct{})}
	go func() {
		defer close(c.ready)
		c.problem = c.prepare()
	}()
	return c
}

func (c *Container) prepare() error {
	if err := errors.Join(system.PrepareForProcesses(), network.Prepare()); err != nil {
		return err
	}
	err := inContainerCgroup(func() (err error) {
		c.thread, err = startThread(unshare)
		return err
	})
	if err != nil {
		return err
	}
	if c.cgroup, err = openCgroup(cgroupPath); err != nil {
		return err
	}
	go giveback.Run(cgroup.Container)
	root, err := rootDisk()
	if err != nil {
		return err
	}
	return c.thread.do(func() error {
		if err := enterRoot(root); err != nil {
			return err
		}
		c.hasRoot.Store(true)
		root, err := archive.OpenRoot()
		if err != nil {
			return err
		}
		c.root = root
		defer system.Trace("root disk mounted")
		return mountKernelFileSystems()
	})
}

// Complete adds what the host decides. rootDevice must be RootDevice.
func (c *Container) Complete(rootDevice string, world World) error {
	<-c.ready
	if c.problem != nil {
		return c.problem
	}
	if rootDevice != RootDevice {
		return &MountError{rootDevice, fmt.Errorf("the root disk is %s", RootDevice)}
	}
	c.world = world
	var err error
	if c.disks, err = findDisks(world.Volumes); err != nil {
		return err
	}
	if err := prepareCgroup(world); err != nil {
		return err
	}
	if err := network.Configure(world.Interfaces); err != nil {
		return err
	}
	if !world.Privileged {
		if err := cgroup.Container.LimitDevices(); err != nil {
			return err
		}
	}
	return c.thread.do(c.completeInside)
}

func (c *Container) completeInside() error {
	if err := resizeSharedMemory(c.world.SharedMemory); err != nil {
		return err
	}
	if c.world.Privileged {
		if err := openMachine(); err != nil {
			return err
		}
	}
	// Before the shares: /etc may be one of them, whose files are the user's.
	if !c.world.Untouched {
		if err := setNames(c.world); err != nil {
			return err
		}
		if err := trust.New().Install(c.world.Certificates); err != nil {
			system.Log("certificates of the host: %v", err)
		}
	}
	places, done, err := c.world.places(c.disks)
	if err != nil {
		return err
	}
	defer done()
	for _, place := range places {
		if place.live {
			if err := c.placeWaiting(place.target); err != nil {
				return err
			}
			continue
		}
		if err := place.mount(place.target); err != nil {
			return err
		}
		if place.lasting {
			c.mounted = append(c.mounted, mounted{target: place.target})
		}
	}
	return nil
}

// Protect makes the root file system read-only if the world says so, where no first process is there to do it.
func (c *Container) Protect() error {
	if !c.world.ReadOnly {
		return nil
	}
	return c.thread.do(func() error {
		if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return &MountError{"/", err}
		}
		return nil
	})
}

// Root gives the root directory as it is seen from outside.
func (c *Container) Root() (*archive.Root, error) {
	<-c.ready
	if c.problem != nil {
		return nil, c.problem
	}
	return c.root, nil
}

// Inside runs work on the container's thread, where paths lead where they lead in the container. It must not wait for
// anybody: no process can be started meanwhile.
func (c *Container) Inside(work func() error) error {
	<-c.ready
	if c.problem != nil {
		return c.problem
	}
	return c.thread.do(work)
}

// Unmount writes everything to the disk and leaves the root file system clean. All processes have ended before. Whoever
// calls it again waits until it is done.
func (c *Container) Unmount() error {
	<-c.ready
	if !c.hasRoot.Load() {
		return nil
	}
	return c.thread.do(func() error {
		if !c.hasRoot.Swap(false) {
			return nil
		}
		// First of all: what is busy (a swap file, a mount below a share) cannot be unmounted, but it can be written out.
		unix.Sync()
		var problems []error
		for _, m := range slices.Backward(c.mounted) {
			if err := m.unmount(); err != nil {
				problems = append(problems, fmt.Errorf("unmount %s: %w", m.target, err))
			}
		}
		c.mounted = nil
		// The root of this thread cannot be unmounted while it is the root. Read-only it is written out and just as clean.
		if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			problems = append(problems, fmt.Errorf("remount the root file system read-only: %w", err))
		}
		return errors.Join(problems...)
	})
}
