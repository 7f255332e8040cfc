package system

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

type earlyMount struct {
	kind, target string
	flags        uintptr
	options      string
}

// What vminitd itself needs. The container gets its own of each.
var earlyMounts = []earlyMount{
	{"proc", "/proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"sysfs", "/sys", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"devtmpfs", "/dev", unix.MS_NOSUID | unix.MS_NOEXEC, ""},
	// Not with "nsdelegate": the container's thread starts processes into its cgroup from outside.
	{"cgroup2", "/sys/fs/cgroup", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
}

// Mount mounts the file systems that vminitd needs and reads the kernel command line.
func Mount() error {
	for _, m := range earlyMounts {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		err := unix.Mount(m.kind, m.target, m.kind, m.flags, m.options)
		if err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	verbose = HasKernelArgument("berth.debug")
	return nil
}

// HasKernelArgument tells whether the kernel command line has a word.
func HasKernelArgument(word string) bool {
	line, err := os.ReadFile("/proc/cmdline")
	return err == nil && slices.Contains(strings.Fields(string(line)), word)
}

// StartLoopback brings the interface lo up; the kernel gives it 127.0.0.1 and ::1 by itself.
func StartLoopback() error {
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

// RaiseLimits sets what processes inherit: as many open files as the kernel allows by default.
func RaiseLimits() error {
	const openFiles = 1 << 20
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: openFiles, Max: openFiles})
}

// SetClock sets the time of day unless it is right already: stepping it without need disturbs timers.
func SetClock(now time.Time) error {
	const tolerated = 5 * time.Millisecond
	if time.Since(now).Abs() < tolerated {
		return nil
	}
	value := unix.NsecToTimespec(now.UnixNano())
	return unix.ClockSettime(unix.CLOCK_REALTIME, &value)
}

// KernelRelease is what `uname -r` prints.
func KernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
