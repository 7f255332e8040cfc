package container

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fillingMark is an extended attribute of a volume's root directory while content is copied into it. What is in a volume
// that has it nobody has used yet: whoever was copying was interrupted, and it begins anew.
const fillingMark = "trusted.berth.filling"

// fillVolume gives an empty volume, mounted at target, what the image has there.
func fillVolume(target string, image *os.File) error {
	root, err := os.OpenFile(target, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer root.Close()
	empty, err := emptyVolume(root, target)
	if err != nil || !empty {
		return err
	}
	names, err := image.Readdirnames(-1)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return copyAttributes(image, root)
	}
	if err := unix.Fsetxattr(int(root.Fd()), fillingMark, []byte{1}, 0); err != nil {
		return fmt.Errorf("mark: %w", err)
	}
	c := copier{root: root, links: map[uint64]string{}}
	if err := c.entries(names, image, root, ""); err != nil {
		return err
	}
	// What was copied must not reach the disk later than the mark leaves it.
	if err := unix.Syncfs(int(root.Fd())); err != nil {
		return err
	}
	return unix.Fremovexattr(int(root.Fd()), fillingMark)
}

// emptyVolume tells whether nobody has put anything into a volume. What an interrupted copy left behind is removed.
func emptyVolume(root *os.File, target string) (bool, error) {
	names, err := root.Readdirnames(-1)
	if err != nil {
		return false, err
	}
	_, err = unix.Fgetxattr(int(root.Fd()), fillingMark, nil)
	if errors.Is(err, unix.ENODATA) {
		// e2fsck may have made one.
		return len(names) == 0 || len(names) == 1 && names[0] == "lost+found", nil
	}
	if err != nil {
		return false, fmt.Errorf("mark: %w", err)
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(target, name)); err != nil {
			return false, err
		}
	}
	return true, nil
}

// copier copies trees with everything that belongs to files. It follows no link.
type copier struct {
	root *os.File
	// Where files with several names went first, by inode.
	links map[uint64]string
}

func (c *copier) directory(from, to *os.File, path string) error {
	names, err := from.Readdirnames(-1)
	if err != nil {
		return err
	}
	return c.entries(names, from, to, path)
}

func (c *copier) entries(names []string, from, to *os.File, path string) error {
	for _, name := range names {
		if err := c.entry(from, to, name, filepath.Join(path, name)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	// Last: what happens in a directory changes its times.
	return copyAttributes(from, to)
}

func (c *copier) entry(from, to *os.File, name, path string) error {
	var status unix.Stat_t
	if err := unix.Fstatat(int(from.Fd()), name, &status, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	kind := status.Mode & unix.S_IFMT
	if kind != unix.S_IFDIR && status.Nlink > 1 {
		if first, seen := c.links[status.Ino]; seen {
			return unix.Linkat(int(c.root.Fd()), first, int(to.Fd()), name, 0)
		}
		c.links[status.Ino] = path
	}
	switch kind {
	case unix.S_IFDIR:
		if err := unix.Mkdirat(int(to.Fd()), name, 0o700); err != nil {
			return err
		}
		return both(from, to, name, unix.O_DIRECTORY, unix.O_DIRECTORY, func(source, copied *os.File) error {
			return c.directory(source, copied, path)
		})
	case unix.S_IFREG:
		return both(from, to, name, 0, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, func(source, copied *os.File) error {
			if _, err := io.Copy(copied, source); err != nil {
				return err
			}
			return copyAttributes(source, copied)
		})
	case unix.S_IFLNK:
		return copyLink(from, to, name, &status)
	default:
		if err := unix.Mknodat(int(to.Fd()), name, status.Mode, int(status.Rdev)); err != nil {
			return err
		}
		if err := setOwnerAndTimes(to, name, &status); err != nil {
			return err
		}
		return unix.Fchmodat(int(to.Fd()), name, status.Mode&0o7777, 0)
	}
}

func copyLink(from, to *os.File, name string, status *unix.Stat_t) error {
	target := make([]byte, unix.PathMax)
	length, err := unix.Readlinkat(int(from.Fd()), name, target)
	if err != nil {
		return err
	}
	if err := unix.Symlinkat(string(target[:length]), int(to.Fd()), name); err != nil {
		return err
	}
	return setOwnerAndTimes(to, name, status)
}

// both opens what has the same name in two directories.
func both(from, to *os.File, name string, sourceFlags, copyFlags int, use func(source, copied *os.File) error) error {
	const always = unix.O_CLOEXEC | unix.O_NOFOLLOW
	source, err := unix.Openat(int(from.Fd()), name, sourceFlags|always, 0)
	if err != nil {
		return err
	}
	sourceFile := os.NewFile(uintptr(source), name)
	defer sourceFile.Close()
	copied, err := unix.Openat(int(to.Fd()), name, copyFlags|always, 0o600)
	if err != nil {
		return err
	}
	copiedFile := os.NewFile(uintptr(copied), name)
	return errors.Join(use(sourceFile, copiedFile), copiedFile.Close())
}

func setOwnerAndTimes(directory *os.File, name string, status *unix.Stat_t) error {
	if err := unix.Fchownat(int(directory.Fd()), name, int(status.Uid), int(status.Gid), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	times := []unix.Timespec{status.Atim, status.Mtim}
	return unix.UtimesNanoAt(int(directory.Fd()), name, times, unix.AT_SYMLINK_NOFOLLOW)
}

// copyAttributes copies owner, mode, extended attributes and times of a file or directory. A change of owner takes
// set-user-ID bits and capabilities away, so it comes first.
func copyAttributes(from, to *os.File) error {
	var status unix.Stat_t
	if err := unix.Fstat(int(from.Fd()), &status); err != nil {
		return err
	}
	if err := unix.Fchown(int(to.Fd()), int(status.Uid), int(status.Gid)); err != nil {
		return err
	}
	if err := unix.Fchmod(int(to.Fd()), status.Mode&0o7777); err != nil {
		return err
	}
	if err := copyExtendedAttributes(int(from.Fd()), int(to.Fd())); err != nil {
		return err
	}
	times := []unix.Timespec{status.Atim, status.Mtim}
	return unix.UtimesNanoAt(int(to.Fd()), "", times, unix.AT_EMPTY_PATH)
}

func copyExtendedAttributes(from, to int) error {
	size, err := unix.Flistxattr(from, nil)
	if err != nil || size == 0 {
		return err
	}
	list := make([]byte, size)
	if size, err = unix.Flistxattr(from, list); err != nil {
		return err
	}
	for _, name := range splitNames(list[:size]) {
		value := make([]byte, 64<<10) // the most that Linux allows
		length, err := unix.Fgetxattr(from, name, value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := unix.Fsetxattr(to, name, value[:length], 0); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// splitNames takes a list of names that end with a NUL each apart.
func splitNames(list []byte) []string {
	var names []string
	start := 0
	for i, b := range list {
		if b == 0 {
			names = append(names, string(list[start:i]))
			start = i + 1
		}
	}
	return names
}
