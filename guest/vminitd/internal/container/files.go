package container

import (
	"errors"
	"fmt"
	"os"

	"berth.dev/vminitd/internal/accounts"
	"berth.dev/vminitd/internal/stdio"
	"golang.org/x/sys/unix"
)

// files are both ends of a process's standard streams.
type files struct {
	ourStdin, ourStdout, ourStderr       *os.File
	theirStdin, theirStdout, theirStderr *os.File
}

// openFiles makes a terminal or pipes. They belong to the process's user, who may open /dev/stdout again.
func openFiles(spec ProcessSpec, identity accounts.Identity) (*files, error) {
	f := &files{}
	var err error
	if spec.Terminal {
		err = f.openTerminal(spec, identity)
	} else {
		err = f.openPipes(spec.Stdin, identity)
	}
	if err != nil {
		f.closeOurs()
		f.closeTheirs()
		return nil, err
	}
	return f, nil
}

func (f *files) openTerminal(spec ProcessSpec, identity accounts.Identity) error {
	master, slave, err := openTerminal(spec.Size)
	if err != nil {
		return err
	}
	f.ourStdout, f.theirStdin, f.theirStdout, f.theirStderr = master, slave, slave, slave
	if err := slave.Chown(int(identity.UID), -1); err != nil {
		return err
	}
	if !spec.Stdin {
		return nil
	}
	return withDescriptor(master, func(fd int) error {
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err == nil {
			f.ourStdin = os.NewFile(uintptr(copied), "pseudo-terminal input")
		}
		return err
	})
}

func (f *files) openPipes(stdin bool, identity accounts.Identity) (err error) {
	if stdin {
		f.ourStdin, f.theirStdin, err = pipe(writeEnd, identity)
	} else {
		f.theirStdin, err = openNothing()
	}
	if err != nil {
		return err
	}
	if f.ourStdout, f.theirStdout, err = pipe(readEnd, identity); err != nil {
		return err
	}
	f.ourStderr, f.theirStderr, err = pipe(readEnd, identity)
	return err
}

// openNothing opens /dev/null. Root in the container can put something else there, also a FIFO, at which opening would wait
// for ever.
func openNothing() (*os.File, error) {
	const path, major, minor = "/dev/null", 1, 3
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	var status unix.Stat_t
	err = unix.Fstat(fd, &status)
	if err == nil && (status.Mode&unix.S_IFMT != unix.S_IFCHR || status.Rdev != unix.Mkdev(major, minor)) {
		err = fmt.Errorf("%s is not that device any more; give it back with mknod, or let the process read input", path)
	}
	if err == nil {
		err = unix.SetNonblock(fd, false)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), path), nil
}

// pipeEnd numbers the ends as pipe(2) does.
type pipeEnd int

const (
	readEnd  pipeEnd = 0
	writeEnd pipeEnd = 1
)

// pipe makes a pipe of which vminitd keeps one end, in Go's poller, and the process gets the other. The process's end
// blocks, as programs expect: not to block is a property of each end.
func pipe(keep pipeEnd, identity accounts.Identity) (ours, theirs *os.File, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	// os.NewFile gives a descriptor to the poller when it does not block.
	err = unix.SetNonblock(ends[keep], true)
	ours = os.NewFile(uintptr(ends[keep]), "our end of a pipe")
	theirs = os.NewFile(uintptr(ends[1-keep]), "their end of a pipe")
	if err == nil {
		err = unix.Fchown(ends[0], int(identity.UID), int(identity.GID))
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(ends[1]), unix.F_SETPIPE_SZ, stdio.PipeSize)
	}
	if err != nil {
		closeAll(ours, theirs)
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	return ours, theirs, nil
}

func (f *files) descriptors() []uintptr {
	return []uintptr{f.theirStdin.Fd(), f.theirStdout.Fd(), f.theirStderr.Fd()}
}

func (f *files) closeOurs() {
	closeAll(f.ourStdin, f.ourStdout, f.ourStderr)
}

func (f *files) closeTheirs() {
	closeAll(f.theirStdin, f.theirStdout, f.theirStderr)
}

func closeAll(files ...*os.File) {
	for _, file := range files {
		if file != nil {
			file.Close() // Twice for a terminal, harmless; nothing was written that could be lost.
		}
	}
}
