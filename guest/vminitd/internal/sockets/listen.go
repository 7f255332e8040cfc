package sockets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Listener is a unix socket that vminitd has made in the container.
type Listener struct {
	file          *os.File
	path          string
	device, inode uint64
}

// backlog: further connections wait where they are made.
const backlog = 128

// Listen makes a socket; what is in its place goes, unless it is a directory. It and Remove are for the container's thread,
// alone there: they change its working directory and umask for a while. Paths lead where they lead in the container.
func Listen(path string, mode uint32) (*Listener, error) {
	directory, name := filepath.Dir(path), filepath.Base(path)
	if !filepath.IsAbs(path) || name == "/" {
		return nil, fmt.Errorf("%q is not an absolute path of a file", path)
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	// Socket addresses are short, and so is a name.
	if err := unix.Chdir(directory); err != nil {
		return nil, &os.PathError{Op: "open", Path: directory, Err: err}
	}
	defer unix.Chdir("/")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	l := &Listener{path: filepath.Join(directory, name)}
	if err := l.bind(fd, name, mode); err != nil {
		return nil, errors.Join(&os.PathError{Op: "listen", Path: path, Err: err}, unix.Close(fd))
	}
	l.file = os.NewFile(uintptr(fd), "socket in the container")
	return l, nil
}

// bind makes the socket under another name first: it appears when it listens, and with its mode. That the kernel takes from
// the unnamed socket, so that nobody can put something else in its place to have it changed.
func (l *Listener) bind(fd int, name string, mode uint32) error {
	defer unix.Umask(unix.Umask(0))
	if err := unix.Fchmod(fd, mode&0o777); err != nil {
		return err
	}
	temporary, err := bindTemporary(fd)
	if err != nil {
		return err
	}
	err = unix.Listen(fd, backlog)
	var status unix.Stat_t
	if err == nil {
		err = unix.Lstat(temporary, &status)
	}
	if err == nil {
		err = unix.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, unix.Unlink(temporary))
	}
	l.device, l.inode = uint64(status.Dev), status.Ino
	return nil
}

func bindTemporary(fd int) (string, error) {
	var random [8]byte
	if _, err := unix.Getrandom(random[:], 0); err != nil {
		return "", err
	}
	name := fmt.Sprintf(".berth-%x", random)
	return name, unix.Bind(fd, &unix.SockaddrUnix{Name: name})
}

// Accept waits for a connection.
func (l *Listener) Accept() (*Stream, error) {
	raw, err := l.file.SyscallConn()
	if err != nil {
		return nil, err
	}
	var accepted int
	var failure error
	err = raw.Read(func(fd uintptr) bool {
		accepted, failure = accept(int(fd))
		return failure != unix.EAGAIN
	})
	if err = errors.Join(err, failure); err != nil {
		return nil, err
	}
	return newStream(accepted, false), nil
}

func accept(fd int) (int, error) {
	for {
		accepted, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return accepted, err
		}
	}
}

// Close ends listening; an Accept that waits ends too.
func (l *Listener) Close() { l.file.Close() }

// Remove removes the socket if it is still where it was made, and can be: the root may be read-only by now.
func (l *Listener) Remove() error {
	var status unix.Stat_t
	err := unix.Lstat(l.path, &status)
	if err != nil || uint64(status.Dev) != l.device || status.Ino != l.inode {
		return nil
	}
	if err := unix.Unlink(l.path); !errors.Is(err, unix.EROFS) {
		return err
	}
	return nil
}
