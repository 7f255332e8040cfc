package cgroup

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What the container leaves of the threads that the kernel can have: vminitd cannot go on when it gets no more.
const (
	reservedTasks    = 64
	reservedOfAll    = 16
	threadsOfMachine = "/proc/sys/kernel/threads-max"
	numbersOfMachine = "/proc/sys/kernel/pid_max"
)

// LimitTasks limits processes and threads together: to what was asked for (0: as many as possible), and to what keeps
// something for vminitd.
func (g Group) LimitTasks(wanted uint64) error {
	limit, err := tasksOfMachine()
	if err != nil {
		return fmt.Errorf("limit of processes: %w", err)
	}
	if wanted != 0 {
		limit = min(limit, wanted)
	}
	err = os.WriteFile(g.file("pids.max"), []byte(strconv.FormatUint(limit, 10)), 0)
	if errors.Is(err, unix.ENOENT) && wanted == 0 {
		return nil // A kernel without the controller.
	}
	if err != nil {
		return fmt.Errorf("limit of processes: %w", err)
	}
	return nil
}

func tasksOfMachine() (uint64, error) {
	threads, err := os.ReadFile(threadsOfMachine)
	if err != nil {
		return 0, err
	}
	numbers, err := os.ReadFile(numbersOfMachine)
	if err != nil {
		return 0, err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	return taskLimit(min(parseNumber(string(threads)), parseNumber(string(numbers))), parseTasks(string(load))), nil
}

// taskLimit takes off the reserve and what is there already, of the kernel and of vminitd.
func taskLimit(most, present uint64) uint64 {
	reserve := reservedTasks + most/reservedOfAll + present
	return max(most/2, most-min(most, reserve))
}

// parseTasks reads how many there are: "0.00 0.00 0.00 1/48 2".
func parseTasks(load string) uint64 {
	fields := strings.Fields(load)
	if len(fields) < 4 {
		return 0
	}
	_, all, _ := strings.Cut(fields[3], "/")
	return parseNumber(all)
}
