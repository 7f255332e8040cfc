package container

import (
	"strings"

	"berth.dev/vminitd/internal/spawn"
	"golang.org/x/sys/unix"
)

// The kernel mounts /proc for the PID namespace that the caller itself is in, and nothing of vminitd is in the
// container's. So the first process does it, and what follows from it, before it runs its program.

// mountPurpose begins the purpose of every call that mounts; the path follows.
const mountPurpose = "mount "

func mountCall(s *spawn.Script, source, target, kind string, flags uintptr, options string) {
	var data uintptr
	if options != "" {
		data = s.Text(options)
	}
	s.Call(mountPurpose+target, unix.SYS_MOUNT, s.Text(source), s.Text(target), s.Text(kind), flags, data)
}

// finishWorld mounts /proc, hides and protects what others must not see or change, and makes the root read-only.
func finishWorld(s *spawn.Script, world World) {
	mountCall(s, "proc", "/proc", "proc", plain, "")
	if !world.Unmasked {
		mask(s)
	}
	if world.ReadOnly {
		mountCall(s, "", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
	}
}

// mask hides and protects; what this kernel does not have needs neither.
func mask(s *spawn.Script) {
	for _, path := range maskedFiles {
		mountCall(s, "/dev/null", path, "", unix.MS_BIND, "")
		s.SkipIfMissing(1)
	}
	for _, path := range maskedDirectories {
		mountCall(s, "tmpfs", path, "tmpfs", plain|unix.MS_RDONLY, "size=0")
		s.SkipIfMissing(1)
	}
	for _, path := range readOnly {
		mountCall(s, path, path, "", unix.MS_BIND|unix.MS_REC, "")
		s.SkipIfMissing(2)
		mountCall(s, "", path, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|plain, "")
	}
}

// asMountError recognizes the failure of one of these calls.
func asMountError(failed *spawn.Error) error {
	path, isMount := strings.CutPrefix(failed.Purpose, mountPurpose)
	if !isMount {
		return failed
	}
	return &MountError{path, failed.Errno}
}
