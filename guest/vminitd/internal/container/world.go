package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"berth.dev/vminitd/internal/network"
	"golang.org/x/sys/unix"
)

// World is what the host decides about the container beside its root disk.
type World struct {
	Hostname  string
	Shares    []Share
	Volumes   []Volume
	Temporary []Temporary
	// Bytes of /dev/shm; 0 for docker's 64 MiB.
	SharedMemory uint64
	// The root file system cannot be written.
	ReadOnly bool
	// /sys and its cgroups can be written, and all devices are there.
	Privileged bool
	// Nothing of /proc and /sys is hidden or protected.
	Unmasked bool
	// The most processes and threads at once; 0 for no limit.
	MaximumProcesses uint64
	Interfaces       []network.Interface
	// Nil when /etc/resolv.conf stays as the image has it.
	Resolver *Resolver
	// Lines of /etc/hosts beside the container's own.
	Hosts []HostEntry
	// PEM, one each, that the container is to trust.
	Certificates [][]byte
	// The files of /etc that a start writes stay as they are.
	Untouched bool
}

// Temporary is a file system in memory.
type Temporary struct {
	Target                                   string
	ReadOnly, Executable, SetUserID, Devices bool
	// For the kernel: size=…,mode=…
	Options string
}

// place is something to mount.
type place struct {
	target string
	mount  func(target string) error
	// What is in it outlives the container, so that it is to be unmounted in the end.
	lasting bool
	// Mounted already, and to be put in its place.
	live bool
}

// places gives everything that is to be mounted, in order. done is to be called when it is.
func (w World) places(disks map[string]disk) (places []place, done func(), err error) {
	// Before anything hides them.
	images, done, err := openImageDirectories(w.Volumes)
	if err != nil {
		return nil, nil, err
	}
	for _, volume := range w.Volumes {
		places = append(places, place{volume.Target, func(target string) error {
			return mountVolume(volume, disks[volume.Serial], images[volume.Target], target)
		}, true, false})
	}
	for _, share := range w.Shares {
		places = append(places, place{share.Target, func(target string) error { return mountShare(share, target) }, true, share.Live})
	}
	for _, temporary := range w.Temporary {
		places = append(places, place{temporary.Target, func(target string) error { return mountTemporary(temporary, target) }, false, false})
	}
	return inOrder(places), done, nil
}

// inOrder gives the places with clean targets, parents before what lies inside them.
func inOrder(places []place) []place {
	for i := range places {
		places[i].target = filepath.Clean(places[i].target)
	}
	slices.SortStableFunc(places, func(a, b place) int {
		return strings.Count(a.target, "/") - strings.Count(b.target, "/")
	})
	return places
}

func mountTemporary(t Temporary, target string) error {
	if !filepath.IsAbs(target) || target == "/" || target == "/dev" || isBelow(target, "/proc", "/sys") {
		return &MountError{target, errors.New("not a place for a file system in memory")}
	}
	options := t.Options
	var there unix.Stat_t
	if err := unix.Stat(target, &there); err == nil {
		// What was there keeps its mode, unless the options have another: the kernel takes the last.
		options = strings.TrimSuffix(fmt.Sprintf("mode=%o,%s", there.Mode&0o7777, options), ",")
	} else if err := mountPoint(target); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", target, "tmpfs", t.flags(), options); err != nil {
		return &MountError{target, err}
	}
	return nil
}

func (t Temporary) flags() uintptr {
	var flags uintptr
	for _, flag := range []struct {
		set  bool
		flag uintptr
	}{{t.ReadOnly, unix.MS_RDONLY}, {!t.Executable, unix.MS_NOEXEC}, {!t.SetUserID, unix.MS_NOSUID}, {!t.Devices, unix.MS_NODEV}} {
		if flag.set {
			flags |= flag.flag
		}
	}
	return flags
}

func resizeSharedMemory(bytes uint64) error {
	if bytes == 0 {
		return nil
	}
	if err := unix.Mount("", "/dev/shm", "", unix.MS_REMOUNT|plain, fmt.Sprintf("size=%d", bytes)); err != nil {
		return &MountError{"/dev/shm", err}
	}
	return nil
}

// openMachine gives a privileged container what others only see or do not have.
func openMachine() error {
	for _, path := range []string{"/sys", "/sys/fs/cgroup"} {
		if err := unix.Mount("", path, "", unix.MS_REMOUNT|plain, ""); err != nil {
			return &MountError{path, err}
		}
	}
	return addDevices()
}

// addDevices copies the nodes of the kernel's own /dev, except for the port that vminitd is reached by.
func addDevices() error {
	const kernels = "/dev/.kernel"
	if err := mountAt(kernelMount{"devtmpfs", kernels, unix.MS_NOSUID | unix.MS_NOEXEC, ""}); err != nil {
		return err
	}
	err := filepath.WalkDir(kernels, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := "/dev" + strings.TrimPrefix(path, kernels)
		if entry.IsDir() {
			return mountPoint(target)
		}
		if entry.Type()&os.ModeDevice == 0 || strings.HasPrefix(entry.Name(), "vport") {
			return nil
		}
		var node unix.Stat_t
		if err := unix.Lstat(path, &node); err != nil {
			return err
		}
		if err := unix.Mknod(target, node.Mode, int(node.Rdev)); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
		return nil
	})
	if err := errors.Join(err, unix.Unmount(kernels, 0), os.Remove(kernels)); err != nil {
		return &MountError{"/dev", err}
	}
	return nil
}
