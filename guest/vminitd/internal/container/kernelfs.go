package container

import (
	"os"

	"golang.org/x/sys/unix"
)

type kernelMount struct {
	kind, target string
	flags        uintptr
	options      string
}

const plain = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// What a program expects to find, in the order of mounting. /proc comes with the first process (firstproc.go).
var kernelMounts = []kernelMount{
	{"tmpfs", "/dev", unix.MS_NOSUID, "mode=755,size=65536k"},
	{"devpts", "/dev/pts", unix.MS_NOSUID | unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"tmpfs", "/dev/shm", plain, "mode=1777,size=65536k"},
	{"mqueue", "/dev/mqueue", plain, ""},
	{"sysfs", "/sys", plain | unix.MS_RDONLY, ""},
	{"cgroup2", "/sys/fs/cgroup", plain | unix.MS_RDONLY, ""},
}

type device struct {
	name         string
	major, minor uint32
}

var devices = []device{
	{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7}, {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9},
	{"/dev/tty", 5, 0},
}

var links = [][2]string{
	{"pts/ptmx", "/dev/ptmx"},
	{"/proc/self/fd", "/dev/fd"},
	{"/proc/self/fd/0", "/dev/stdin"},
	{"/proc/self/fd/1", "/dev/stdout"},
	{"/proc/self/fd/2", "/dev/stderr"},
	{"/proc/kcore", "/dev/core"},
}

// Files that show the whole machine's memory and keys, hidden as other engines hide them.
var maskedFiles = []string{
	"/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats",
}

var maskedDirectories = []string{"/proc/acpi", "/proc/asound", "/proc/scsi", "/sys/devices/virtual/powercap", "/sys/firmware"}

var readOnly = []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}

func mountKernelFileSystems() error {
	for _, m := range kernelMounts {
		if err := mountAt(m); err != nil {
			return err
		}
		if m.kind == "tmpfs" && m.target == "/dev" {
			if err := fillDev(); err != nil {
				return err
			}
		}
	}
	return nil
}

func mountAt(m kernelMount) error {
	if err := mountPoint(m.target); err != nil {
		return err
	}
	if err := unix.Mount(m.kind, m.target, m.kind, m.flags, m.options); err != nil {
		return &MountError{m.target, err}
	}
	return nil
}

// mountPoint makes a directory where the image has none.
func mountPoint(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return &MountError{path, err}
	}
	return nil
}

func fillDev() error {
	for _, d := range devices {
		if err := unix.Mknod(d.name, unix.S_IFCHR|0o666, int(unix.Mkdev(d.major, d.minor))); err != nil {
			return &MountError{d.name, err}
		}
		if err := unix.Chmod(d.name, 0o666); err != nil { // mknod obeyed the umask
			return &MountError{d.name, err}
		}
	}
	for _, link := range links {
		if err := os.Symlink(link[0], link[1]); err != nil {
			return &MountError{link[1], err}
		}
	}
	return nil
}
