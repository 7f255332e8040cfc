// Package giveback makes memory free that the container does not need, and free in pieces that go to the host.
//
// Page cache stays until somebody needs the memory, and in a guest nobody does; the host can use it better, where the
// disk's files are cached as well. So the container's cache is made smaller, the oldest first, while it reads nothing
// from the disk. What is free goes to the host by free page reporting (drivers/virtio/virtio_balloon.c in the kernel), in
// whole page blocks of 2 MiB; so what is free in smaller pieces is put together.
package giveback

import (
	"os"
	"strconv"
	"strings"
	"time"

	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/system"
)

const (
	lookPause = 15 * time.Second
	givePause = 5 * time.Second
	// A container that reads less than this in between is said to read nothing.
	quietBytes = 1 << 20
	// Programs that run are in the cache, too.
	keptFraction = 16
	keptBytes    = 8 << 20
	giveFraction = 4
	// So much more must lie in small pieces than after the last time that they were put together.
	worthCompacting = 16 << 20
	// One that computes more is not disturbed: a fifth of a processor.
	quietFraction = 5
)

// The order of a page block: 2^9 pages.
const blockOrder = 9

type sample struct {
	cache, read, limit uint64
	cpu, at            time.Duration
	// Cache that the kernel did not give back when it was asked to: programs use it.
	used uint64
}

type giver struct {
	group            cgroup.Group
	before           sample
	asked, compacted uint64
	// The last look failed, which was said.
	failed bool
}

// Run does that for ever. It looks four times a minute.
func Run(group cgroup.Group) {
	g := &giver{group: group}
	for pause := lookPause; ; {
		time.Sleep(pause)
		var err error
		pause, err = g.look()
		if err != nil && !g.failed {
			system.Log("memory is not given back for now: %v", err)
		}
		g.failed = err != nil
	}
}

// look gives back what is due, and says when to look again.
func (g *giver) look() (time.Duration, error) {
	now, err := look(g.group)
	if err != nil {
		return lookPause, err
	}
	now.used = usedCache(g.before, now, g.asked)
	asked, pause := unusedCache(g.before, now)
	before := g.before
	g.before, g.asked = now, 0
	switch {
	case asked > 0:
		if err := g.group.GiveBack(asked); err != nil {
			return lookPause, err
		}
		g.asked = asked
	case computesLittle(before, now):
		if g.compacted, err = compact(g.compacted); err != nil {
			return lookPause, err
		}
	}
	return pause, nil
}

func look(group cgroup.Group) (sample, error) {
	used, err := group.Statistics()
	return sample{
		cache: used.File,
		read:  used.Disk.ReadBytes,
		limit: used.MemoryLimit,
		cpu:   time.Duration(used.CPUUserMicroseconds+used.CPUSystemMicroseconds) * time.Microsecond,
		at:    system.SinceBoot(),
	}, err
}

// usedCache says how much of the cache is in use, as far as that has turned out.
func usedCache(before, now sample, asked uint64) uint64 {
	if asked > 0 && now.cache+asked/2 > before.cache {
		return now.cache
	}
	return min(before.used, now.cache)
}

// unusedCache says how much of the cache to give back now, and when to look again.
func unusedCache(before, now sample) (uint64, time.Duration) {
	kept := max(now.limit/keptFraction, keptBytes, now.used+now.used/giveFraction)
	if now.read-before.read > quietBytes || now.cache <= kept {
		return 0, lookPause
	}
	// At least something: by quarters alone what is left would never become nothing.
	return min(now.cache-kept, (now.cache-kept)/giveFraction+1<<20), givePause
}

func computesLittle(before, now sample) bool {
	return now.cpu-before.cpu < (now.at-before.at)/quietFraction
}

// compact puts free memory together when that is worth it, and returns how much stays in small pieces.
func compact(before uint64) (uint64, error) {
	pieces, err := freeInPieces()
	if err != nil || pieces < before+worthCompacting {
		return min(before, pieces), err
	}
	if err := os.WriteFile("/proc/sys/vm/compact_memory", []byte("1"), 0); err != nil {
		return 0, err
	}
	return freeInPieces()
}

func freeInPieces() (uint64, error) {
	content, err := os.ReadFile("/proc/buddyinfo")
	return parsePieces(string(content)), err
}

// parsePieces reads how much is free in less than whole page blocks. A line for each zone: "Node 0, zone   DMA32" and the
// numbers of free pieces of 1, 2, 4, … pages.
func parsePieces(content string) uint64 {
	var pages uint64
	for line := range strings.Lines(content) {
		fields := strings.Fields(line)
		for order := 0; order < blockOrder && 4+order < len(fields); order++ {
			count, err := strconv.ParseUint(fields[4+order], 10, 64)
			if err == nil {
				pages += count << order
			}
		}
	}
	return pages * uint64(os.Getpagesize())
}
