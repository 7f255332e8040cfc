package container

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/reaper"
	"berth.dev/vminitd/internal/spawn"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// All of this is for vminitd's own threads, which see the whole hierarchy.

const cgroupRoot = "/sys/fs/cgroup"

// prepareCgroup sets the limit of processes, and lets a privileged container use the controllers of its cgroups.
func prepareCgroup(world World) error {
	if world.Privileged {
		if err := system.EnableAllControllers(); err != nil {
			return err
		}
	}
	return cgroup.Container.LimitTasks(world.MaximumProcesses)
}

// Start starts a further process. As with other engines, its working directory must be there. It begins in the
// container's cgroup; where a privileged container has divided that, which then holds no processes itself, in the one
// that the first process is in.
func (c *Container) Start(spec ProcessSpec, r *reaper.Reaper) (*Process, error) {
	process, err := c.startIn(c.cgroup, spec, r)
	var failed *spawn.Error
	if !errors.As(err, &failed) || failed.Purpose != spawn.NewProcess || failed.Errno != unix.EBUSY {
		return process, err
	}
	divided, findErr := openCgroupOf(c.first.PID)
	if findErr != nil {
		return nil, errors.Join(err, findErr)
	}
	defer divided.Close()
	return c.startIn(divided, spec, r)
}

func openCgroupOf(pid int) (*os.File, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil, err
	}
	path, isUnified := strings.CutPrefix(strings.TrimSpace(string(text)), "0::")
	if !isUnified {
		return nil, fmt.Errorf("the cgroup of process %d is unknown", pid)
	}
	return openCgroup(cgroupRoot + path)
}

func openCgroup(path string) (*os.File, error) {
	file, err := os.OpenFile(path, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cgroup of the container: %w", err)
	}
	return file, nil
}
