// Package archive reads and writes the container's files as tar streams.
//
// It works from vminitd's own threads, below a descriptor of the container's root directory: openat2(2) with
// RESOLVE_IN_ROOT follows links as the container would and lets none lead out, whoever changes them meanwhile. So a long
// copy keeps nobody from using the container's thread. What a look-up has found is used by its descriptor.
package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Root is the container's root directory.
type Root struct{ fd int }

// OpenRoot takes the calling thread's root directory.
func OpenRoot() (*Root, error) { return OpenDirectory("/") }

// OpenDirectory takes any directory.
func OpenDirectory(path string) (*Root, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("root directory of the container: %w", err)
	}
	return &Root{fd}, nil
}

// Error is something that the user should know about a path.
type Error struct {
	Path   string
	Reason string
}

func (e *Error) Error() string { return e.Path + ": " + e.Reason }

// ErrNotFound says that a path leads nowhere.
var ErrNotFound = errors.New("no such file or directory")

func at(path string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// Open resolves a path as the container would, and gives a descriptor.
func (r *Root) Open(path string, flags int) (int, error) { return r.open(path, flags) }

// open resolves a path as the container would.
func (r *Root) open(path string, flags int) (int, error) {
	relative := strings.TrimPrefix(path, "/")
	if relative == "" {
		relative = "."
	}
	how := unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Resolve: unix.RESOLVE_IN_ROOT}
	for {
		fd, err := unix.Openat2(r.fd, relative, &how)
		// EAGAIN: a directory was moved during the look-up, and the kernel cannot tell that it did not lead out.
		if err != unix.EINTR && err != unix.EAGAIN {
			return fd, err
		}
	}
}

// place is a path as a user writes it. As with docker, ".." is taken by the letter, and "/." at the end means what the
// directory holds.
type place struct {
	path      string
	directory bool
	contents  bool
}

func parsePlace(text string) place {
	p := place{path: filepath.Clean("/" + text)}
	p.contents = p.path == "/" || text == "." || strings.HasSuffix(text, "/.")
	p.directory = p.contents || strings.HasSuffix(text, "/")
	return p
}

func kind(status *unix.Stat_t) uint32 { return status.Mode & unix.S_IFMT }

// byDescriptor is a path that leads to what a descriptor stands for, and nowhere else.
func byDescriptor(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// reopen opens what an O_PATH descriptor stands for.
func reopen(fd, flags int) (*os.File, error) {
	opened, err := unix.Open(byDescriptor(fd), flags|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(opened), "file of the container"), nil
}

const (
	magicExt4   = 0xef53
	magic9P     = 0x01021997
	magicFUSE   = 0x65735546
	magicMQueue = 0x19800202
)

func fileSystem(fd int) (int64, error) {
	var status unix.Statfs_t
	err := unix.Fstatfs(fd, &status)
	return status.Type, err
}

// isKernels tells the file systems whose files are no files but the kernel's answers.
func isKernels(magic int64) bool {
	switch magic {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.SECURITYFS_MAGIC,
		unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.BPF_FS_MAGIC, magicMQueue:
		return true
	}
	return false
}

// isStored tells those that are on some disk.
func isStored(magic int64) bool {
	return magic == magicExt4 || magic == magic9P || magic == magicFUSE
}

func refuseKernels(fd int, path string) error {
	magic, err := fileSystem(fd)
	if err != nil {
		return at(path, err)
	}
	if isKernels(magic) {
		return &Error{path, "this is the kernel's and no file on a disk; use a command in the container for it"}
	}
	return nil
}
