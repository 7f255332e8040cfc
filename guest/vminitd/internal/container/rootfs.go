package container

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// MountError says what could not be mounted.
type MountError struct {
	Subject string
	Err     error
}

func (e *MountError) Error() string { return fmt.Sprintf("mount %s: %v", e.Subject, e.Err) }
func (e *MountError) Unwrap() error { return e.Err }

// enterRoot mounts the disk over the calling thread's root directory and makes it the root.
//
// pivot_root(2) refuses to move the initramfs away, so the disk is moved on top of it, as every Linux does that boots
// from an initramfs. What vminitd had mounted goes from this namespace first.
func enterRoot(device string) error {
	const staging = "/container"
	if err := mountPoint(staging); err != nil {
		return err
	}
	// What is deleted is discarded, and so the host's file gets smaller.
	if err := unix.Mount(device, staging, "ext4", unix.MS_NOATIME, "discard"); err != nil {
		return &MountError{device, err}
	}
	for _, target := range []string{"/dev", "/sys", "/proc"} {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			return &MountError{target, err}
		}
	}
	if err := unix.Chdir(staging); err != nil {
		return &MountError{staging, err}
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return &MountError{"/", err}
	}
	if err := unix.Chroot("."); err != nil {
		return &MountError{"/", err}
	}
	return unix.Chdir("/")
}

// shareOptions of the 9p file system. msize is the most that the virtio transport carries in one request. `mmap` is
// the one cache mode with shared writable mappings that forgets nothing the program wrote; `directio` keeps read(2) and
// write(2) out of that cache, so that what the host changes is seen at once, in open files too. Access checks are the
// kernel's, on what the host reports; one attachment serves all users. `squash` is our kernel's (guest/kernel): what
// the owner owns belongs to whoever looks at it. A kernel that does not know it ignores it.
const shareOptions = "trans=virtio,version=9p2000.L,msize=512000,cache=mmap,directio,access=any"

func mountShare(share Share, target string) error {
	if err := checkPlace(target); err != nil {
		return err
	}
	if err := mountPoint(target); err != nil {
		return err
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOATIME)
	if share.ReadOnly {
		flags |= unix.MS_RDONLY
	}
	options := shareOptions
	if share.Owner != nil {
		options += fmt.Sprintf(",squash=%d:%d", share.Owner.UID, share.Owner.GID)
	}
	if err := unix.Mount(share.Tag, target, "9p", flags, options); err != nil {
		return &MountError{target, err}
	}
	return nil
}

// checkPlace keeps everything that is the user's out of what is the kernel's.
func checkPlace(target string) error {
	if !filepath.IsAbs(target) || target == "/" || isBelow(target, "/proc", "/sys", "/dev") {
		return &MountError{target, fmt.Errorf("not a place where a directory can be shared")}
	}
	return nil
}

func isBelow(path string, directories ...string) bool {
	return slices.ContainsFunc(directories, func(directory string) bool {
		return path == directory || strings.HasPrefix(path, directory+"/")
	})
}
