package container

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// LiveShare is a directory of the host that comes over a stream, and can go away while the container runs.
type LiveShare struct {
	share Share
	// Leads to the mount, whatever has become of its place.
	mount  int
	placed bool // of the container's thread
}

// mounted is what is to be unmounted in the end.
type mounted struct {
	target string
	live   *LiveShare // nil for what lasts as long as the container
}

func (m mounted) unmount() error {
	if m.live != nil {
		return m.live.detach()
	}
	return unix.Unmount(m.target, 0)
}

// MountLive lets the kernel mount what is served on the other side of a socket, which it keeps. Nobody sees it before it is
// placed. It waits for the host, so it is not for the container's thread; closing the other side ends it.
func MountLive(share Share, socket int) (*LiveShare, error) {
	if err := checkPlace(share.Target); err != nil {
		return nil, err
	}
	mount, err := mountOverSocket(share, socket)
	if err != nil {
		return nil, &MountError{share.Target, err}
	}
	return &LiveShare{share: share, mount: mount}, nil
}

func mountOverSocket(share Share, socket int) (int, error) {
	context, err := unix.Fsopen("9p", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return 0, err
	}
	defer unix.Close(context)
	number := strconv.Itoa(socket)
	options := [][2]string{{"source", "host"}, {"trans", "fd"}, {"rfdno", number}, {"wfdno", number}, {"version", "9p2000.L"}, {"msize", "524288"}, {"cache", "mmap"}, {"access", "any"}}
	if share.Owner != nil {
		options = append(options, [2]string{"squash", fmt.Sprintf("%d:%d", share.Owner.UID, share.Owner.GID)})
	}
	for _, option := range options {
		if err := unix.FsconfigSetString(context, option[0], option[1]); err != nil {
			return 0, fmt.Errorf("%s: %w", option[0], err)
		}
	}
	if err := errors.Join(unix.FsconfigSetFlag(context, "directio"), unix.FsconfigCreate(context)); err != nil {
		return 0, err
	}
	attributes := unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOATIME
	if share.ReadOnly {
		attributes |= unix.MOUNT_ATTR_RDONLY
	}
	return unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, attributes)
}

// Place lets the container see it.
func (c *Container) Place(live *LiveShare) error {
	return c.Inside(func() error { return c.place(live) })
}

// place is for the container's thread.
func (c *Container) place(live *LiveShare) error {
	target := live.share.Target
	if !c.hasRoot.Load() {
		return &MountError{target, errors.New("the container is ending")}
	}
	// One that has lost its host may still be there, and would keep its place from being looked at.
	if err := c.detachWhere(func(other *LiveShare) bool { return other.share.Target == target }); err != nil {
		return &MountError{target, err}
	}
	if err := mountPoint(target); err != nil {
		return err
	}
	if err := unix.MoveMount(live.mount, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_SYMLINKS); err != nil {
		return &MountError{target, err}
	}
	live.placed = true
	c.mounted = append(c.mounted, mounted{target, live})
	return nil
}

// Withdraw takes it away; what is open in it gives errors. The stream must have been closed before: who looks something up
// there just now might keep the container's thread waiting.
func (c *Container) Withdraw(live *LiveShare) error {
	c.waiting.remove(live)
	err := c.Inside(func() error {
		return c.detachWhere(func(other *LiveShare) bool { return other == live })
	})
	return errors.Join(err, unix.Close(live.mount))
}

// detachWhere is for the container's thread.
func (c *Container) detachWhere(isMeant func(*LiveShare) bool) error {
	var problems []error
	c.mounted = slices.DeleteFunc(c.mounted, func(m mounted) bool {
		if m.live == nil || !isMeant(m.live) {
			return false
		}
		problems = append(problems, m.live.detach())
		return true
	})
	return errors.Join(problems...)
}

// detach is for the container's thread.
func (l *LiveShare) detach() error {
	if !l.placed {
		return nil
	}
	l.placed = false
	// Its place may have another name by now.
	if err := unix.Fchdir(l.mount); err != nil {
		return err
	}
	err := unix.Unmount(".", unix.MNT_FORCE|unix.MNT_DETACH)
	return errors.Join(err, unix.Chdir("/"))
}

// waitingShares were mounted before the container's places are made.
type waitingShares struct {
	mutex    sync.Mutex
	byTarget map[string]*LiveShare
}

// PlaceAtStart lets the container see it when it starts.
func (c *Container) PlaceAtStart(live *LiveShare) error {
	w := &c.waiting
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.byTarget == nil {
		w.byTarget = map[string]*LiveShare{}
	}
	if w.byTarget[live.share.Target] != nil {
		return &MountError{live.share.Target, errors.New("two directories wait for this place")}
	}
	w.byTarget[live.share.Target] = live
	return nil
}

func (w *waitingShares) take(target string) *LiveShare {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	live := w.byTarget[target]
	delete(w.byTarget, target)
	return live
}

func (w *waitingShares) remove(live *LiveShare) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.byTarget[live.share.Target] == live {
		delete(w.byTarget, live.share.Target)
	}
}

// placeWaiting is for the container's thread.
func (c *Container) placeWaiting(target string) error {
	live := c.waiting.take(target)
	if live == nil {
		return &MountError{target, errors.New("the host has not offered this directory")}
	}
	return c.place(live)
}
