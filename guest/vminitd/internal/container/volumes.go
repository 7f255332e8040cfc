package container

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Volume is an ext4 disk of its own that appears in the container.
type Volume struct {
	// Of its block device.
	Serial   string
	Target   string
	ReadOnly bool
	// While it is empty it gets what the image has at the target.
	CopyUp bool
}

// openImageDirectories opens what the image has at the volumes' targets, by target. done closes it.
func openImageDirectories(volumes []Volume) (directories map[string]*os.File, done func(), err error) {
	directories = map[string]*os.File{}
	done = func() {
		for _, directory := range directories {
			directory.Close()
		}
	}
	for _, volume := range volumes {
		if !volume.CopyUp {
			continue
		}
		directory, err := os.OpenFile(volume.Target, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			done()
			return nil, nil, &MountError{volume.Target, err}
		}
		directories[volume.Target] = directory
	}
	return directories, done, nil
}

// mountVolume mounts a volume's disk and fills it if that is due.
// image is the directory of the image at the target, nil when there is none or the volume does not want it.
func mountVolume(volume Volume, disk disk, image *os.File, target string) error {
	if err := checkPlace(target); err != nil {
		return err
	}
	if err := mountPoint(target); err != nil {
		return err
	}
	flags, options := uintptr(unix.MS_NOATIME), "discard"
	if disk.readOnly {
		flags, options = flags|unix.MS_RDONLY, ""
	}
	if err := mountDisk(disk.number, target, flags, options); err != nil {
		return &MountError{target, err}
	}
	var err error
	if volume.CopyUp && image != nil {
		err = fillVolume(target, image)
	}
	if err == nil && volume.ReadOnly && !disk.readOnly {
		// This mount alone: the same disk may be elsewhere, too, for writing.
		err = unix.Mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|unix.MS_NOATIME, "")
	}
	if err != nil {
		return &MountError{target, errors.Join(err, unix.Unmount(target, 0))}
	}
	return nil
}

// mountDisk mounts a disk of which the container's /dev has no node.
func mountDisk(number uint64, target string, flags uintptr, options string) error {
	const node = "/dev/.volume"
	if err := unix.Mknod(node, unix.S_IFBLK|0o600, int(number)); err != nil {
		return err
	}
	defer os.Remove(node)
	return unix.Mount(node, target, "ext4", flags, options)
}
