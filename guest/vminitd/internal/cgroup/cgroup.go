// Package cgroup limits the container's cgroup and reads what it uses (Documentation/admin-guide/cgroup-v2.rst).
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const root = "/sys/fs/cgroup"

// Group is the directory of a cgroup.
type Group string

// Container is the cgroup that holds all processes of the container, and the root of its cgroup namespace.
const Container = Group(root + "/container")

// Those that count or limit something for us. Processor time is counted without one.
var controllers = []string{"memory", "io", "pids"}

// EnableControllers has the cgroups below the root counted and limited, as far as the kernel can.
func EnableControllers() error {
	available, err := os.ReadFile(root + "/cgroup.controllers")
	if err != nil {
		return err
	}
	var wanted []string
	for _, name := range strings.Fields(string(available)) {
		for _, controller := range controllers {
			if name == controller {
				wanted = append(wanted, "+"+name)
			}
		}
	}
	return os.WriteFile(root+"/cgroup.subtree_control", []byte(strings.Join(wanted, " ")), 0)
}

// What the container leaves of the memory that is available before it begins: vminitd holds up to 1 MiB for each stream
// of each process, the kernel has to have something for devices' queues and its watermarks. README.md has the measurement.
const (
	reservedBytes    = 8 << 20
	reservedFraction = 64
)

// LimitMemory gives the cgroup what is available now, but for a reserve: when the container wants more, the kernel ends
// one of its processes, and not something else. oom.group stays off, so that only the largest ends, as with docker.
func (g Group) LimitMemory() error {
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return err
	}
	memory := parseMeminfo(string(content))
	limit := memoryLimit(memory["MemTotal"], memory["MemAvailable"])
	err = os.WriteFile(g.file("memory.max"), []byte(strconv.FormatUint(limit, 10)), 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // A kernel without the controller.
	}
	return err
}

func memoryLimit(total, available uint64) uint64 {
	reserve := reservedBytes + total/reservedFraction
	// A machine can be so small that nothing is left; then it is the kernel that has to choose.
	return max(available/2, available-min(available, reserve))
}

// GiveBack has the kernel drop what was not used for the longest: page cache and its own caches, as there is no swap. It
// is no error when there is less.
func (g Group) GiveBack(bytes uint64) error {
	err := os.WriteFile(g.file("memory.reclaim"), []byte(strconv.FormatUint(bytes, 10)), 0)
	if errors.Is(err, unix.EAGAIN) {
		return nil
	}
	return err
}

func (g Group) file(name string) string { return filepath.Join(string(g), name) }

// read returns a file's content, empty when the kernel lacks it.
func (g Group) read(name string) (string, error) {
	content, err := os.ReadFile(g.file(name))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("statistics: %w", err)
	}
	return string(content), nil
}
