package tree

import (
	"sync"
	"sync/atomic"

	"berth.dev/shared/internal/ninep"
	"golang.org/x/sys/unix"
)

const closed = -1

// file is one that a client has found, and may have opened.
type file struct {
	root *Root
	// Leads to it, whatever it is (O_PATH).
	path int
	open int
	// While a directory is read.
	reading  sync.Mutex
	position uint64
	opening  sync.Mutex
	isOpen   atomic.Bool
}

var _ ninep.Node = (*file)(nil)

func (f *file) Close() {
	unix.Close(f.path)
	if f.open != closed {
		unix.Close(f.open)
	}
}

func (f *file) Clone() (ninep.Node, error) {
	fd, err := reopen(f.path, unix.O_PATH)
	if err != nil {
		return nil, err
	}
	return &file{root: f.root, path: fd, open: closed}, nil
}

func (f *file) Walk(name string) (ninep.Node, error) {
	if err := f.root.checkInside(f.path); err != nil {
		return nil, err
	}
	return f.find(name)
}

// find never leaves the directory: the name is a single one, and a link is found as such.
func (f *file) find(name string) (*file, error) {
	fd, err := unix.Openat(f.path, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &file{root: f.root, path: fd, open: closed}, nil
}

func (f *file) Stat() (unix.Stat_t, error) {
	var status unix.Stat_t
	fd := f.path
	if f.isOpen.Load() {
		fd = f.open // What a network file system knows of an open file is newer.
	}
	return status, unix.Fstat(fd, &status)
}

func (f *file) Qid() (ninep.Qid, error) {
	status, err := f.Stat()
	if err != nil {
		return ninep.Qid{}, err
	}
	return f.root.qid(&status), nil
}

func (f *file) StatFS() (unix.Statfs_t, error) {
	var status unix.Statfs_t
	return status, unix.Fstatfs(f.path, &status)
}

func (f *file) Readlink() (string, error) {
	var buffer [unix.PathMax]byte
	size, err := unix.Readlinkat(f.path, "", buffer[:])
	if err == unix.ENOENT { // What the kernel says of a file that is no link.
		err = unix.EINVAL
	}
	if err != nil {
		return "", err
	}
	return string(buffer[:size]), nil
}

// passedFlags of open(2) have an effect on this side; the guest's kernel sees to the others.
const passedFlags = unix.O_ACCMODE | unix.O_TRUNC | unix.O_APPEND | unix.O_DSYNC | unix.O_SYNC | unix.O_DIRECTORY

func (f *file) Open(flags int) error {
	if flags&unix.O_ACCMODE != unix.O_RDONLY || flags&unix.O_TRUNC != 0 {
		if err := f.root.checkWritable(); err != nil {
			return err
		}
	}
	if err := f.root.checkInside(f.path); err != nil {
		return err
	}
	status, err := f.Stat()
	if err != nil {
		return err
	}
	// Opening a device or a named pipe has effects on this machine, and may wait for ever.
	switch status.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
	case unix.S_IFLNK:
		return unix.ELOOP
	default:
		return unix.ENXIO
	}
	return f.openAs(func() (int, error) { return reopen(f.path, flags&passedFlags) })
}

// openAs opens it once.
func (f *file) openAs(open func() (int, error)) error {
	f.opening.Lock()
	defer f.opening.Unlock()
	if f.open != closed {
		return unix.EINVAL
	}
	fd, err := open()
	if err != nil {
		return err
	}
	f.open = fd
	f.isOpen.Store(true)
	return nil
}

func (f *file) Create(name string, flags int, mode uint32) (ninep.Node, error) {
	if err := f.checkChange(); err != nil {
		return nil, err
	}
	fd, err := retry(func() (int, error) {
		return unix.Openat(f.path, name, flags&passedFlags|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, harmless(mode, unix.S_IFREG))
	})
	if err == unix.EEXIST && flags&unix.O_EXCL == 0 {
		return f.openExisting(name, flags)
	}
	if err != nil {
		return nil, err
	}
	f.give(fd, "")
	path, err := retry(func() (int, error) { return unix.Open(selfPath(fd), unix.O_PATH|unix.O_CLOEXEC, 0) })
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	made := &file{root: f.root, path: path, open: fd}
	made.isOpen.Store(true)
	return made, nil
}

// openExisting opens what somebody has made since the guest's kernel looked.
func (f *file) openExisting(name string, flags int) (ninep.Node, error) {
	existing, err := f.find(name)
	if err != nil {
		return nil, err
	}
	if err := existing.Open(flags &^ unix.O_DIRECTORY); err != nil {
		existing.Close()
		return nil, err
	}
	return existing, nil
}

func (f *file) ReadAt(into []byte, offset uint64) (int, error) {
	if !f.isOpen.Load() {
		return 0, unix.EBADF
	}
	return retry(func() (int, error) { return unix.Pread(f.open, into, int64(offset)) })
}

func (f *file) WriteAt(data []byte, offset uint64) (int, error) {
	if !f.isOpen.Load() {
		return 0, unix.EBADF
	}
	if err := f.root.checkWritable(); err != nil {
		return 0, err
	}
	return retry(func() (int, error) { return unix.Pwrite(f.open, data, int64(offset)) })
}

func (f *file) Sync(dataOnly bool) error {
	if !f.isOpen.Load() {
		return unix.EBADF
	}
	if dataOnly {
		return unix.Fdatasync(f.open)
	}
	return unix.Fsync(f.open)
}
