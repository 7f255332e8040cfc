// Package processlist reads from /proc what processes there are in the container: no program of the image is needed.
package processlist

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Process is one process of the container. Numbers of processes are those of the container's PID namespace; what is not
// in there is 0.
type Process struct {
	PID, ParentPID        int
	UID, GID              uint32
	State                 string
	Terminal              string
	Started               time.Time
	CPU                   time.Duration
	Virtual, Resident     uint64
	Threads               int
	Nice                  int
	Session, ProcessGroup int
	Name                  string
	Arguments             []string
}

// Command lines can be of megabytes each, and the container says of how many. One that is cut ends with "…"; when all
// together have become long, the others are cut shorter.
const (
	longCommandLine  = 16 << 10
	shortCommandLine = 128
	allCommandLines  = 2 << 20
)

// List reads the processes of the container, in the order of their numbers. proc is a /proc of the initial PID namespace.
func List(proc string) ([]Process, error) {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	boot := bootTime()
	most, left := longCommandLine, allCommandLines
	var found []Process
	inside := map[int]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		process, err := read(filepath.Join(proc, entry.Name()), boot, most)
		if isGone(err) || err == nil && process == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		if left -= len(strings.Join(process.Arguments, " ")); left < 0 {
			most = shortCommandLine
		}
		inside[pid] = process.PID
		found = append(found, *process)
	}
	for i := range found {
		p := &found[i]
		p.ParentPID, p.Session, p.ProcessGroup = inside[p.ParentPID], inside[p.Session], inside[p.ProcessGroup]
	}
	slices.SortFunc(found, func(a, b Process) int { return a.PID - b.PID })
	return found, nil
}

// isGone tells of a process that ended meanwhile.
func isGone(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH)
}

// read gives nil for a process outside of the container. Parent, session and group are the initial namespace's. Of the
// command line it takes so many bytes at most.
func read(directory string, boot time.Time, most int) (*Process, error) {
	status, err := os.ReadFile(directory + "/status")
	if err != nil {
		return nil, err
	}
	process, isInside := parseStatus(string(status))
	if !isInside {
		return nil, nil
	}
	stat, err := os.ReadFile(directory + "/stat")
	if err != nil {
		return nil, err
	}
	commandLine, isWhole, err := readBeginning(directory+"/cmdline", most)
	if err != nil {
		return nil, err
	}
	parseStat(string(stat), boot, &process)
	process.Arguments = parseCommandLine(commandLine)
	if count := len(process.Arguments); count > 0 && !isWhole {
		process.Arguments[count-1] += "…"
	}
	return &process, nil
}

// readBeginning reads a file as far as it is not longer than that.
func readBeginning(path string, most int) (content string, isWhole bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	read, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	return string(read[:min(len(read), most)]), len(read) <= most, err
}

// parseStatus reads proc(5)'s status. NSpid has the process's numbers, from the initial namespace's to its own: one
// alone belongs to vminitd or to the kernel.
func parseStatus(content string) (Process, bool) {
	var process Process
	for line := range strings.Lines(content) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		switch name {
		case "Uid": // real, effective, saved, file system
			process.UID = uint32(number(fields, 1))
		case "Gid":
			process.GID = uint32(number(fields, 1))
		case "NSpid":
			process.PID = int(number(fields, 1))
		}
	}
	return process, process.PID != 0
}

// The unit of times in stat: USER_HZ, which is the same on all of Linux's machines of ours.
const tick = time.Second / 100

// parseStat reads proc(5)'s stat, whose second field, the name in parentheses, may hold anything.
func parseStat(content string, boot time.Time, process *Process) {
	open, end := strings.IndexByte(content, '('), strings.LastIndexByte(content, ')')
	if open < 0 || end < open {
		return
	}
	process.Name = content[open+1 : end]
	fields := strings.Fields(content[end+1:]) // From the third on: field n of proc(5) is fields[n-3].
	if len(fields) > 0 {
		process.State = fields[0]
	}
	process.ParentPID = int(number(fields, 1))
	process.ProcessGroup = int(number(fields, 2))
	process.Session = int(number(fields, 3))
	process.Terminal = terminalName(number(fields, 4))
	process.CPU = time.Duration(number(fields, 11)+number(fields, 12)) * tick
	process.Nice = int(number(fields, 16))
	process.Threads = int(number(fields, 17))
	process.Started = boot.Add(time.Duration(number(fields, 19)) * tick)
	process.Virtual = uint64(number(fields, 20))
	process.Resident = uint64(number(fields, 21)) * uint64(os.Getpagesize())
}

// terminalName is where a terminal's device lies below /dev: pseudo-terminals have the major numbers 136 to 143.
func terminalName(device int64) string {
	major, minor := unix.Major(uint64(device)), unix.Minor(uint64(device))
	switch {
	case device == 0:
		return ""
	case major >= 136 && major <= 143:
		return "pts/" + strconv.Itoa(int(major-136)*256+int(minor))
	default:
		return strconv.Itoa(int(major)) + ":" + strconv.Itoa(int(minor))
	}
}

func parseCommandLine(content string) []string {
	if content == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(content, "\x00"), "\x00")
}

func number(fields []string, index int) int64 {
	if index >= len(fields) {
		return 0
	}
	value, err := strconv.ParseInt(fields[index], 10, 64)
	if err != nil {
		return 0
	}
	return value
}

// bootTime is by the wall clock as it is now: when that is set, processes seem to have started at another time.
func bootTime() time.Time {
	var sinceBoot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &sinceBoot); err != nil {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(sinceBoot.Nano()))
}
