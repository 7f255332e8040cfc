package container

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Size of a terminal in characters.
type Size struct{ Columns, Rows uint16 }

// openTerminal makes a pseudo-terminal in the container's devpts. Only on the container's thread.
func openTerminal(size Size) (master, slave *os.File, err error) {
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC
	masterFd, err := unix.Open("/dev/pts/ptmx", flags|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("pseudo-terminal: %w", err)
	}
	if err := unix.IoctlSetPointerInt(masterFd, unix.TIOCSPTLCK, 0); err != nil {
		unix.Close(masterFd)
		return nil, nil, fmt.Errorf("unlock pseudo-terminal: %w", err)
	}
	slaveFd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(masterFd), unix.TIOCGPTPEER, flags)
	if errno != 0 {
		unix.Close(masterFd)
		return nil, nil, fmt.Errorf("pseudo-terminal peer: %w", errno)
	}
	master = os.NewFile(uintptr(masterFd), "pseudo-terminal")
	slave = os.NewFile(slaveFd, "pseudo-terminal peer")
	if size != (Size{}) {
		if err := Resize(master, size); err != nil {
			master.Close()
			slave.Close()
			return nil, nil, err
		}
	}
	return master, slave, nil
}

// bindConsole makes a terminal the container's /dev/console as well. Only on the container's thread.
func bindConsole(terminal *os.File) error {
	const console = "/dev/console"
	var status unix.Stat_t
	if err := unix.Fstat(int(terminal.Fd()), &status); err != nil {
		return &MountError{console, err}
	}
	file, err := os.OpenFile(console, os.O_CREATE|os.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &MountError{console, err}
	}
	file.Close()
	if err := unix.Mount(fmt.Sprintf("/dev/pts/%d", unix.Minor(status.Rdev)), console, "", unix.MS_BIND, ""); err != nil {
		return &MountError{console, err}
	}
	return nil
}

// Resize sets the size of a terminal; its foreground processes get SIGWINCH.
func Resize(master *os.File, size Size) error {
	return withDescriptor(master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: size.Columns, Row: size.Rows})
	})
}

// TypeEndOfFile types the character that makes a reading process see end of file, if the terminal is in line mode.
func TypeEndOfFile(master *os.File) error {
	var settings *unix.Termios
	err := withDescriptor(master, func(fd int) (err error) {
		settings, err = unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	if err != nil || settings.Lflag&unix.ICANON == 0 {
		return err
	}
	_, err = master.Write([]byte{settings.Cc[unix.VEOF]})
	return err
}

// withDescriptor uses a file's descriptor without taking it from Go's poller, as File.Fd would.
func withDescriptor(file *os.File, use func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var useErr error
	if err := raw.Control(func(fd uintptr) { useErr = use(int(fd)) }); err != nil {
		return err
	}
	return useErr
}
