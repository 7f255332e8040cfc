package system

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"berth.dev/vminitd/internal/cgroup"
	"golang.org/x/sys/unix"
)

const restricted = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// MountProc mounts /proc, without which nothing of the kernel's command line is known.
func MountProc() error {
	if err := mount("proc", "/proc", restricted); err != nil {
		return err
	}
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	kernelArguments = strings.Fields(string(line))
	verbose = HasKernelArgument("berth.debug")
	return nil
}

var kernelArguments []string

// MountDevices mounts what leads to the control port.
func MountDevices() error {
	if err := mount("sysfs", "/sys", restricted); err != nil {
		return err
	}
	return mount("devtmpfs", "/dev", unix.MS_NOSUID|unix.MS_NOEXEC)
}

// PrepareForProcesses makes what the container's processes need and the control port does not.
func PrepareForProcesses() error {
	return errors.Join(
		// Not with "nsdelegate": the container's thread starts processes into its cgroup from outside.
		mount("cgroup2", "/sys/fs/cgroup", restricted),
		cgroup.EnableControllers(),
		raiseLimits(),
		startLoopback(),
	)
}

// mount mounts a kernel's file system, named by its type.
func mount(kind, target string, flags uintptr) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(kind, target, kind, flags, ""); err != nil {
		return fmt.Errorf("mount %s: %w", target, err)
	}
	return nil
}

// HasKernelArgument tells whether the kernel command line has a word.
func HasKernelArgument(word string) bool {
	return slices.Contains(kernelArguments, word)
}

// startLoopback brings the interface lo up; the kernel gives it 127.0.0.1 and ::1 by itself.
func startLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	return nil
}

// raiseLimits sets what processes inherit: as many open files as the kernel allows by default.
func raiseLimits() error {
	const openFiles = 1 << 20
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: openFiles, Max: openFiles})
}

// KernelRelease is what `uname -r` prints.
func KernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
