package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// What only a guest says whose kernel is not Linux, or not itself any more.

func TestARefusedVersionLeavesTheLimit(t *testing.T) {
	path := folder(t)
	check(t, os.Truncate(filepath.Join(path, "shared/file"), 3<<20))
	s := start(t, "--root", filepath.Join(path, "shared"))
	s.refused(unix.EMSGSIZE, 100, uint32(0), "9P2000.L")
	s.must(104, uint32(rootFid), ^uint32(0), "", "", uint32(0))
	if got := len(s.read(s.opened(unix.O_RDONLY, "file"), 0, ^uint32(0))); got == 0 || got > 1<<20 {
		t.Errorf("%d bytes in an answer", got)
	}
}

func TestAFlushDoesNotWaitForItself(t *testing.T) {
	s := start(t, "--root", filepath.Join(folder(t), "shared"))
	for range 100 { // More than are worked on at once.
		s.must(108, uint16(1))
	}
}

func TestAttributesAtHandAreLimited(t *testing.T) {
	s := start(t, "--root", filepath.Join(folder(t), "shared"))
	const most = 64 << 20 / (64 << 10)
	var last uint32
	for range most {
		last = s.found(rootFid, "file")
		s.must(32, last, "user.large", uint64(64<<10), uint32(0))
	}
	other := s.found(rootFid, "file")
	s.refused(unix.ENOMEM, 32, other, "user.large", uint64(64<<10), uint32(0))
	s.refused(unix.EINVAL, 120, last) // Not all of it came; it is forgotten all the same.
	s.must(32, other, "user.large", uint64(64<<10), uint32(0))
}

func TestAListingThatHadNoRoomGoesOnWhereItWas(t *testing.T) {
	s := start(t, "--root", filepath.Join(folder(t), "shared"))
	fid := s.opened(unix.O_RDONLY)
	s.refused(unix.EINVAL, 40, fid, uint64(0), uint32(10))
	if answer := s.must(40, fid, uint64(0), uint32(4096)); len(answer) < 4+4*24 {
		t.Errorf("%d bytes of entries", len(answer))
	}
	if names := s.list(4096); !slices.Contains(names, "file") {
		t.Error(names)
	}
}
