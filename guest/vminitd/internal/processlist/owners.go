package processlist

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Owner is a process of the container that has a socket open.
type Owner struct {
	PID  int
	Name string
}

// SocketOwners finds a process for each of the sockets, by inode: the first of several in the order of their numbers. It reads
// what all processes have open until all are found; those that vminitd alone has are not.
func SocketOwners(proc string, inodes []uint32) (map[uint32]Owner, error) {
	wanted := map[string]uint32{}
	for _, inode := range inodes {
		wanted[fmt.Sprintf("socket:[%d]", inode)] = inode
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return nil, err
	}
	found := map[uint32]Owner{}
	for _, entry := range entries {
		if len(wanted) == 0 {
			break
		}
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		directory := filepath.Join(proc, entry.Name())
		var owner *Owner
		for _, target := range openFiles(directory) {
			inode, isWanted := wanted[target]
			if !isWanted {
				continue
			}
			if owner == nil {
				if owner = ownerOf(directory); owner == nil {
					break
				}
			}
			found[inode] = *owner
			delete(wanted, target)
		}
	}
	return found, nil
}

// openFiles gives what the descriptors of a process lead to; nothing of one that has ended.
func openFiles(directory string) []string {
	descriptors, err := os.ReadDir(directory + "/fd")
	if err != nil {
		return nil
	}
	var targets []string
	for _, descriptor := range descriptors {
		if target, err := os.Readlink(directory + "/fd/" + descriptor.Name()); err == nil {
			targets = append(targets, target)
		}
	}
	return targets
}

// ownerOf gives nil for a process outside of the container, or one that has ended.
func ownerOf(directory string) *Owner {
	status, err := os.ReadFile(directory + "/status")
	if err != nil {
		return nil
	}
	process, isInside := parseStatus(string(status))
	stat, err := os.ReadFile(directory + "/stat")
	if err != nil || !isInside {
		return nil
	}
	parseStat(string(stat), time.Time{}, &process)
	return &Owner{process.PID, process.Name}
}
