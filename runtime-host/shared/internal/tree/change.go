package tree

import (
	"berth.dev/shared/internal/ninep"
	"golang.org/x/sys/unix"
)

// checkChange is asked of a directory before anything in it changes.
func (f *file) checkChange() error {
	if err := f.root.checkWritable(); err != nil {
		return err
	}
	return f.root.checkInside(f.path)
}

// harmless takes from a mode what would let other users of this machine act as the one who shares the directory.
func harmless(mode, kind uint32) uint32 {
	mode &= 0o7777 &^ unix.S_ISUID
	if kind != unix.S_IFDIR {
		mode &^= unix.S_ISGID
	}
	return mode
}

// give gives what was made to whom it is to belong. Only root can give files away; others may choose among their groups, and
// what does not work leaves the file with its maker.
func (f *file) give(at int, name string) {
	uid, gid := f.root.options.UID, f.root.options.GID
	if uid < 0 && gid < 0 {
		return
	}
	var parent unix.Stat_t
	if err := unix.Fstat(f.path, &parent); err == nil && parent.Mode&unix.S_ISGID != 0 {
		gid = -1 // The directory has given it its group.
	}
	flags := unix.AT_SYMLINK_NOFOLLOW
	if name == "" {
		flags = unix.AT_EMPTY_PATH
	}
	_ = unix.Fchownat(at, name, uid, gid, flags)
}

// made gives what has just been made away, and tells what it is.
func (f *file) made(name string, err error) (ninep.Qid, error) {
	if err != nil {
		return ninep.Qid{}, err
	}
	f.give(f.path, name)
	var status unix.Stat_t
	if err := unix.Fstatat(f.path, name, &status, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return ninep.Qid{}, err
	}
	return f.root.qid(&status), nil
}

func (f *file) Mkdir(name string, mode uint32) (ninep.Qid, error) {
	if err := f.checkChange(); err != nil {
		return ninep.Qid{}, err
	}
	return f.made(name, unix.Mkdirat(f.path, name, harmless(mode, unix.S_IFDIR)))
}

func (f *file) Symlink(name, target string) (ninep.Qid, error) {
	if err := f.checkChange(); err != nil {
		return ninep.Qid{}, err
	}
	return f.made(name, unix.Symlinkat(target, f.path, name))
}

func (f *file) Mknod(name string, mode uint32) (ninep.Qid, error) {
	if err := f.checkChange(); err != nil {
		return ninep.Qid{}, err
	}
	kind := mode & unix.S_IFMT
	switch kind {
	case unix.S_IFREG, unix.S_IFIFO, unix.S_IFSOCK:
	default:
		return ninep.Qid{}, unix.EPERM // Whoever opened a device here would open this machine's.
	}
	return f.made(name, unix.Mknodat(f.path, name, kind|harmless(mode, kind), 0))
}

func (f *file) Link(name string, node ninep.Node) error {
	target, ok := node.(*file)
	if !ok {
		return unix.EXDEV
	}
	if err := f.checkChange(); err != nil {
		return err
	}
	if err := f.root.checkInside(target.path); err != nil {
		return err
	}
	// Of a descriptor that leads to a symbolic link, the link itself.
	return unix.Linkat(unix.AT_FDCWD, selfPath(target.path), f.path, name, unix.AT_SYMLINK_FOLLOW)
}

func (f *file) Unlink(name string, isDirectory bool) error {
	if err := f.checkChange(); err != nil {
		return err
	}
	flags := 0
	if isDirectory {
		flags = unix.AT_REMOVEDIR
	}
	return unix.Unlinkat(f.path, name, flags)
}

func (f *file) Rename(name string, into ninep.Node, newName string) error {
	directory, ok := into.(*file)
	if !ok {
		return unix.EXDEV
	}
	if err := f.checkChange(); err != nil {
		return err
	}
	if err := f.root.checkInside(directory.path); err != nil {
		return err
	}
	return unix.Renameat(f.path, name, directory.path, newName)
}

func (f *file) SetAttributes(change ninep.Attributes) error {
	if err := f.checkChange(); err != nil {
		return err
	}
	status, err := f.Stat()
	if err != nil {
		return err
	}
	kind := status.Mode & unix.S_IFMT
	if change.UID != nil || change.GID != nil {
		if err := unix.Fchownat(f.path, "", numberOr(change.UID), numberOr(change.GID), unix.AT_EMPTY_PATH); err != nil {
			return err
		}
	}
	if change.Mode != nil {
		if kind == unix.S_IFLNK {
			return unix.EOPNOTSUPP
		}
		if err := unix.Fchmodat(unix.AT_FDCWD, selfPath(f.path), harmless(*change.Mode, kind), 0); err != nil {
			return err
		}
	}
	if change.Size != nil {
		if err := f.truncate(kind, *change.Size); err != nil {
			return err
		}
	}
	if change.AccessTime.Nsec == unix.UTIME_OMIT && change.ModifyTime.Nsec == unix.UTIME_OMIT {
		return nil
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, selfPath(f.path), []unix.Timespec{change.AccessTime, change.ModifyTime}, 0)
}

func numberOr(id *uint32) int {
	if id == nil {
		return -1
	}
	return int(int32(*id))
}

func (f *file) truncate(kind uint32, size uint64) error {
	switch {
	case kind == unix.S_IFDIR:
		return unix.EISDIR
	case kind != unix.S_IFREG || size > 1<<62:
		return unix.EINVAL
	case f.isOpen.Load():
		// Through a descriptor that may write, although the mode does not allow it any more.
		if err := unix.Ftruncate(f.open, int64(size)); err == nil {
			return nil
		}
	}
	return unix.Truncate(selfPath(f.path), int64(size))
}
