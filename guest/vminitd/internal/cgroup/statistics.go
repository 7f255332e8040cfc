package cgroup

import (
	"errors"
	"strconv"
	"strings"
)

// Statistics is what a cgroup uses, and has used since it was made.
type Statistics struct {
	CPUUserMicroseconds, CPUSystemMicroseconds uint64
	// Limit and Peak are 0 where there is none.
	Memory, MemoryLimit, MemoryPeak uint64
	Anonymous                       uint64
	// Page cache of files; InactiveFile is a part of File. Shared memory is in neither.
	File, InactiveFile uint64
	Tasks              uint64
	Disk               Disk
	// Processes that the kernel killed because memory ran out.
	OOMKills uint64
}

// Disk is what went to and came from disks.
type Disk struct {
	ReadBytes, WrittenBytes, ReadOperations, WriteOperations uint64
}

// Statistics reads all of it.
func (g Group) Statistics() (Statistics, error) {
	var problems []error
	read := func(name string) string {
		content, err := g.read(name)
		problems = append(problems, err)
		return content
	}
	cpu := parseFlat(read("cpu.stat"))
	memory := parseFlat(read("memory.stat"))
	statistics := Statistics{
		CPUUserMicroseconds:   cpu["user_usec"],
		CPUSystemMicroseconds: cpu["system_usec"],
		Memory:                parseNumber(read("memory.current")),
		MemoryLimit:           parseNumber(read("memory.max")),
		MemoryPeak:            parseNumber(read("memory.peak")),
		Anonymous:             memory["anon"],
		File:                  memory["active_file"] + memory["inactive_file"],
		InactiveFile:          memory["inactive_file"],
		Tasks:                 parseNumber(read("pids.current")),
		Disk:                  parseDisks(read("io.stat")),
		OOMKills:              parseFlat(read("memory.events"))["oom_kill"],
	}
	return statistics, errors.Join(problems...)
}

// OOMKills is how many processes of the cgroup the kernel has killed because memory ran out, the cgroup's or all of it.
func (g Group) OOMKills() (uint64, error) {
	content, err := g.read("memory.events")
	return parseFlat(content)["oom_kill"], err
}

// parseFlat reads lines of a name and a number.
func parseFlat(content string) map[string]uint64 {
	values := map[string]uint64{}
	for line := range strings.Lines(content) {
		if name, value, found := strings.Cut(line, " "); found {
			values[name] = parseNumber(value)
		}
	}
	return values
}

// parseNumber reads a file with one number; "max", and nothing, are 0.
func parseNumber(content string) uint64 {
	value, err := strconv.ParseUint(strings.TrimSpace(content), 10, 64)
	if err != nil {
		return 0
	}
	return value
}

// parseDisks adds up the lines of io.stat, one for each disk: "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0".
func parseDisks(content string) Disk {
	var sum Disk
	for line := range strings.Lines(content) {
		for _, field := range strings.Fields(line) {
			name, value, _ := strings.Cut(field, "=")
			switch name {
			case "rbytes":
				sum.ReadBytes += parseNumber(value)
			case "wbytes":
				sum.WrittenBytes += parseNumber(value)
			case "rios":
				sum.ReadOperations += parseNumber(value)
			case "wios":
				sum.WriteOperations += parseNumber(value)
			}
		}
	}
	return sum
}

// parseMeminfo reads lines like "MemTotal:         499140 kB" and gives bytes.
func parseMeminfo(content string) map[string]uint64 {
	const kibibyte = 1024
	values := map[string]uint64{}
	for line := range strings.Lines(content) {
		name, value, _ := strings.Cut(line, ":")
		values[name] = parseNumber(strings.TrimSuffix(strings.TrimSpace(value), " kB")) * kibibyte
	}
	return values
}
