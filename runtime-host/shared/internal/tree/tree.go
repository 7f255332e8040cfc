// Package tree serves a directory of the host, and nothing beyond it.
//
// Every file that a client has found is an open descriptor (O_PATH), and names are looked up one by one below it, never
// through a symbolic link. So no path is ever resolved twice, no link can be put in the way, and there is no way up.
// A directory that somebody moves out of the served one is not served any more: each step asks the kernel where it is.
package tree

import (
	"fmt"
	"strings"
	"sync"

	"berth.dev/shared/internal/ninep"
	"golang.org/x/sys/unix"
)

// Options say how a directory is served.
type Options struct {
	// Nothing can be changed.
	ReadOnly bool
	// Who gets what is made, where this process may give files away: as root. Negative: nobody.
	UID, GID int
}

// Root is the directory that is served.
type Root struct {
	descriptor int
	options    Options
	device     uint64
	devices    deviceNumbers
}

// Open opens a directory by its real path; where that leads through a link, it is another directory than was meant.
func Open(path string, options Options) (*Root, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	unix.Umask(0) // Modes come from the guest, whose processes have umasks of their own.
	return &Root{descriptor: fd, options: options, device: uint64(status.Dev)}, nil
}

// Descriptor of the directory.
func (r *Root) Descriptor() int { return r.descriptor }

// Attach gives the directory itself.
func (r *Root) Attach() (ninep.Node, error) {
	fd, err := reopen(r.descriptor, unix.O_PATH)
	if err != nil {
		return nil, err
	}
	return &file{root: r, path: fd, open: closed}, nil
}

// checkWritable is asked before everything that changes something.
func (r *Root) checkWritable() error {
	if r.options.ReadOnly {
		return unix.EROFS
	}
	return nil
}

// checkInside: whether a descriptor's file is still in the served directory. Both may be moved at any time.
func (r *Root) checkInside(fd int) error {
	top, err := whereabouts(r.descriptor)
	if err != nil {
		return err
	}
	place, err := whereabouts(fd)
	if err != nil {
		return err
	}
	if place == top || top == "/" || strings.HasPrefix(place, top+"/") {
		return nil
	}
	return unix.ESTALE
}

// whereabouts is where the kernel says that a descriptor's file is now.
func whereabouts(fd int) (string, error) {
	var buffer [unix.PathMax + 64]byte
	size, err := unix.Readlink(selfPath(fd), buffer[:])
	if err != nil {
		return "", err
	}
	return string(buffer[:size]), nil
}

// selfPath leads to a descriptor's file whatever has become of its name.
func selfPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

func reopen(fd, flags int) (int, error) {
	if flags&unix.O_PATH != 0 { // Of a symbolic link, too.
		return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	return retry(func() (int, error) { return unix.Open(selfPath(fd), flags|unix.O_CLOEXEC, 0) })
}

func retry(call func() (int, error)) (int, error) {
	for {
		result, err := call()
		if err != unix.EINTR {
			return result, err
		}
	}
}

// deviceNumbers tell file systems apart whose files may have the same numbers.
type deviceNumbers struct {
	mutex sync.Mutex
	known map[uint64]uint64
}

func (d *deviceNumbers) of(device uint64) uint64 {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.known == nil {
		d.known = map[uint64]uint64{}
	}
	number, known := d.known[device]
	if !known {
		number = uint64(len(d.known) + 1)
		d.known[device] = number
	}
	return number
}

// numberBits are what file systems use of a file's number, as a rule; what is above them tells devices apart.
const numberBits = 56

func (r *Root) qid(status *unix.Stat_t) ninep.Qid {
	qid := ninep.Qid{Path: status.Ino, Version: uint32(status.Mtim.Sec) ^ uint32(status.Mtim.Nsec) ^ uint32(status.Size<<8)}
	if device := uint64(status.Dev); device != r.device {
		qid.Path ^= r.devices.of(device) << numberBits
	}
	qid.Type = qidType(status.Mode)
	return qid
}

func qidType(mode uint32) byte {
	switch mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return ninep.QidDirectory
	case unix.S_IFLNK:
		return ninep.QidSymlink
	}
	return 0
}
