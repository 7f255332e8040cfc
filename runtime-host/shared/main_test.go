package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func folder(t *testing.T) string {
	t.Helper()
	path, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shared/sub", "outside"} {
		if err := os.MkdirAll(filepath.Join(path, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(path, "shared/file"), "content")
	put(t, filepath.Join(path, "outside/secret"), "secret")
	return path
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingLeadsOut(t *testing.T) {
	path := folder(t)
	check(t, os.Symlink("../outside", filepath.Join(path, "shared/up")), os.Symlink(filepath.Join(path, "outside/secret"), filepath.Join(path, "shared/absolute")),
		unix.Mkfifo(filepath.Join(path, "shared/pipe"), 0o644))
	s := start(t, "--root", filepath.Join(path, "shared"))
	for _, name := range []string{"..", ".", "", "../outside", "/etc/passwd", "sub/../../outside", "a\x00b"} {
		s.lastFid++
		s.refused(unix.EINVAL, 110, uint32(rootFid), s.lastFid, uint16(1), name)
	}
	s.lastFid++
	s.refused(unix.ENAMETOOLONG, 110, uint32(rootFid), s.lastFid, uint16(1), string(bytes.Repeat([]byte("x"), 300)))
	// A link is found as one: it can be read, and nothing else.
	link := s.found(rootFid, "up")
	if target := string(s.must(22, link)[2:]); target != "../outside" {
		t.Error(target)
	}
	s.lastFid++
	s.refused(unix.ENOTDIR, 110, link, s.lastFid, uint16(1), "secret")
	s.refused(unix.ELOOP, 12, link, uint32(0))
	s.refused(unix.ELOOP, 12, s.found(rootFid, "absolute"), uint32(unix.O_WRONLY))
	s.refused(unix.ENXIO, 12, s.found(rootFid, "pipe"), uint32(0))
	// Nor is one followed where a file is made, or one takes its name meanwhile.
	s.refused(unix.ELOOP, 14, s.found(rootFid), "absolute", uint32(unix.O_WRONLY|unix.O_CREAT), uint32(0o644), uint32(0))
	s.refused(unix.EINVAL, 14, s.found(rootFid), "../outside/new", uint32(unix.O_WRONLY|unix.O_CREAT), uint32(0o644), uint32(0))
	s.refused(unix.EINVAL, 74, uint32(rootFid), "file", uint32(rootFid), "../outside/file")
	s.refused(unix.EINVAL, 76, uint32(rootFid), "../outside/secret", uint32(0))
	s.refused(unix.EPERM, 18, uint32(rootFid), "device", uint32(unix.S_IFCHR|0o644), uint32(1), uint32(3), uint32(0))
	// What becomes a link later is looked up anew.
	directory := s.found(rootFid, "sub")
	check(t, os.Remove(filepath.Join(path, "shared/sub")), os.Symlink("../outside", filepath.Join(path, "shared/sub")))
	s.lastFid++
	if _, err := s.ask(110, directory, s.lastFid, uint16(1), "secret"); err == nil {
		t.Error("a directory that a link took the place of leads out")
	}
	if content, err := os.ReadFile(filepath.Join(path, "outside/secret")); err != nil || string(content) != "secret" {
		t.Error(string(content), err)
	}
}

func TestADirectoryThatIsMovedAwayIsNotServed(t *testing.T) {
	path := folder(t)
	s := start(t, "--root", filepath.Join(path, "shared"))
	directory := s.found(rootFid, "sub")
	file := s.found(rootFid, "sub")
	check(t, os.Rename(filepath.Join(path, "shared/sub"), filepath.Join(path, "outside/sub")))
	put(t, filepath.Join(path, "outside/sub/new"), "new")
	s.lastFid++
	s.refused(unix.ESTALE, 110, directory, s.lastFid, uint16(1), "new")
	s.refused(unix.ESTALE, 12, file, uint32(0))
	s.refused(unix.ESTALE, 14, directory, "made", uint32(unix.O_WRONLY|unix.O_CREAT), uint32(0o644), uint32(0))
	s.refused(unix.ESTALE, 74, uint32(rootFid), "file", directory, "file")
	s.refused(unix.ESTALE, 70, directory, s.found(rootFid, "file"), "linked")
	// The directory itself may be moved: it is the one that was shared.
	check(t, os.Rename(filepath.Join(path, "shared"), filepath.Join(path, "renamed")))
	if content := s.read(s.opened(unix.O_RDONLY, "file"), 0, 100); string(content) != "content" {
		t.Error(string(content))
	}
	check(t, os.RemoveAll(filepath.Join(path, "renamed")))
	s.lastFid++
	if _, err := s.ask(110, uint32(rootFid), s.lastFid, uint16(1), "file"); err == nil {
		t.Error("a directory that is gone has files")
	}
}

func TestReadOnlyIsEnforcedHere(t *testing.T) {
	path := folder(t)
	s := start(t, "--root", filepath.Join(path, "shared"), "--read-only")
	for _, flags := range []int{unix.O_WRONLY, unix.O_RDWR, unix.O_RDONLY | unix.O_TRUNC} {
		s.refused(unix.EROFS, 12, s.found(rootFid, "file"), uint32(flags))
	}
	s.refused(unix.EROFS, 14, s.found(rootFid), "new", uint32(unix.O_RDWR|unix.O_CREAT), uint32(0o644), uint32(0))
	s.refused(unix.EROFS, 72, uint32(rootFid), "new", uint32(0o755), uint32(0))
	s.refused(unix.EROFS, 16, uint32(rootFid), "new", "file", uint32(0))
	s.refused(unix.EROFS, 18, uint32(rootFid), "new", uint32(unix.S_IFIFO), uint32(0), uint32(0), uint32(0))
	s.refused(unix.EROFS, 70, uint32(rootFid), s.found(rootFid, "file"), "new")
	s.refused(unix.EROFS, 74, uint32(rootFid), "file", uint32(rootFid), "new")
	s.refused(unix.EROFS, 76, uint32(rootFid), "file", uint32(0))
	s.refused(unix.EROFS, 26, s.found(rootFid, "file"), uint32(1), uint32(0o777), uint32(0), uint32(0), make([]byte, 40))
	s.refused(unix.EROFS, 118, s.opened(unix.O_RDONLY, "file"), uint64(0), uint32(1), []byte("x"))
	attribute := s.found(rootFid, "file")
	s.must(32, attribute, "user.x", uint64(0), uint32(0))
	s.refused(unix.EROFS, 120, attribute)
	if content := s.read(s.opened(unix.O_RDONLY, "file"), 0, 100); string(content) != "content" {
		t.Error(string(content))
	}
}

func TestFilesAreMadeWrittenAndRead(t *testing.T) {
	path := folder(t)
	s := start(t, "--root", filepath.Join(path, "shared"))
	fid := s.found(rootFid)
	s.must(14, fid, "large", uint32(unix.O_RDWR|unix.O_CREAT), uint32(0o4640), uint32(0))
	random := rand.New(rand.NewSource(1))
	mirror := make([]byte, 3<<20)
	for range 200 {
		piece := make([]byte, 1+random.Intn(300_000))
		random.Read(piece)
		offset := random.Intn(len(mirror) - len(piece))
		copy(mirror[offset:], piece)
		if written := s.write(fid, uint64(offset), piece); written != len(piece) {
			t.Fatal(written)
		}
	}
	s.must(50, fid, uint32(0))
	content, err := os.ReadFile(filepath.Join(path, "shared/large"))
	check(t, err)
	if sha256.Sum256(content) != sha256.Sum256(mirror[:len(content)]) {
		t.Error("what was written is not there")
	}
	for range 200 {
		offset := random.Intn(len(content))
		got := s.read(fid, uint64(offset), 1<<19)
		if want := content[offset:min(offset+len(got), len(content))]; !bytes.Equal(got, want) || len(got) == 0 {
			t.Fatal("what is read is not there")
		}
	}
	info, err := os.Stat(filepath.Join(path, "shared/large"))
	check(t, err)
	if info.Mode() != 0o640 {
		t.Error("mode", info.Mode())
	}
	// What somebody else has made meanwhile is opened, unless it must not exist.
	again := s.found(rootFid)
	s.must(14, again, "file", uint32(unix.O_RDONLY|unix.O_CREAT), uint32(0o644), uint32(0))
	if got := s.read(again, 0, 100); string(got) != "content" {
		t.Error(string(got))
	}
	s.refused(unix.EEXIST, 14, s.found(rootFid), "file", uint32(unix.O_RDONLY|unix.O_CREAT|unix.O_EXCL), uint32(0o644), uint32(0))
}

func TestNamesChange(t *testing.T) {
	path := folder(t)
	s := start(t, "--root", filepath.Join(path, "shared"))
	s.must(72, uint32(rootFid), "new", uint32(0o2775), uint32(0))
	file := s.found(rootFid, "file")
	s.must(70, uint32(rootFid), file, "linked")
	s.must(16, uint32(rootFid), "symbolic", "anywhere/else", uint32(0))
	symbolic := s.found(rootFid, "symbolic")
	s.must(70, uint32(rootFid), symbolic, "second")
	s.must(18, uint32(rootFid), "pipe", uint32(unix.S_IFIFO|0o600), uint32(0), uint32(0), uint32(0))
	s.must(74, uint32(rootFid), "file", s.found(rootFid, "new"), "moved")
	s.refused(unix.ENOTEMPTY, 76, uint32(rootFid), "new", uint32(unix.AT_REMOVEDIR))
	s.refused(unix.EISDIR, 76, uint32(rootFid), "new", uint32(0))
	s.must(76, uint32(rootFid), "sub", uint32(unix.AT_REMOVEDIR))
	// A file that was removed is still there for whoever has it open.
	open := s.opened(unix.O_RDWR, "linked")
	s.must(76, uint32(rootFid), "linked", uint32(0))
	s.must(26, open, uint32(8), uint32(0), uint32(0), uint32(0), uint64(3), make([]byte, 32))
	if content := s.read(open, 0, 100); string(content) != "con" {
		t.Error(string(content))
	}
	names := s.list(1 << 16)
	slices.Sort(names)
	if want := []string{"new", "pipe", "second", "symbolic"}; !slices.Equal(names, want) {
		t.Error(names)
	}
	if target, err := os.Readlink(filepath.Join(path, "shared/second")); err != nil || target != "anywhere/else" {
		t.Error(target, err)
	}
	// 1: mode; 16, 32, 128, 256: times as given.
	s.must(26, s.found(rootFid, "new", "moved"), uint32(1|16|32|128|256), uint32(0o4755), uint32(0), uint32(0), uint64(0), uint64(11), uint64(12), uint64(13), uint64(14))
	info, err := os.Stat(filepath.Join(path, "shared/new/moved"))
	check(t, err)
	if info.Mode() != 0o755 || info.ModTime().UnixNano() != 13_000_000_014 {
		t.Error(info.Mode(), info.ModTime())
	}
}

func TestDirectoriesWithManyFiles(t *testing.T) {
	path := folder(t)
	var want []string
	for i := range 3000 {
		name := fmt.Sprintf("%05d-%s", i, bytes.Repeat([]byte("n"), i%90))
		want = append(want, name)
		put(t, filepath.Join(path, "shared/sub", name), "")
	}
	s := start(t, "--root", filepath.Join(path, "shared"))
	for _, count := range []uint32{200, 4096, 1 << 19} {
		got := s.list(count, "sub")
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("with pieces of %d bytes %d names", count, len(got))
		}
	}
	fid := s.opened(unix.O_RDONLY, "sub")
	s.refused(unix.EINVAL, 40, fid, uint64(0), uint32(10))
}

func TestAttributes(t *testing.T) {
	path := folder(t)
	if err := unix.Setxattr(filepath.Join(path, "shared/file"), "user.first", []byte("1"), 0); err == unix.EOPNOTSUPP {
		t.Skip("this file system has no attributes of users")
	}
	s := start(t, "--root", filepath.Join(path, "shared"))
	writing := s.found(rootFid, "file")
	s.must(32, writing, "user.second", uint64(5), uint32(0))
	s.write(writing, 0, []byte("va"))
	s.write(writing, 2, []byte("lue"))
	s.refused(unix.EINVAL, 118, writing, uint64(5), uint32(1), []byte("x"))
	s.must(120, writing)
	read := func(name string) string {
		file := s.found(rootFid, "file")
		s.lastFid++
		size := binary.LittleEndian.Uint64(s.must(30, file, s.lastFid, name))
		return string(s.read(s.lastFid, 0, uint32(size)))
	}
	if read("user.second") != "value" || read("") != "user.first\x00user.second\x00" {
		t.Errorf("%q %q", read("user.second"), read(""))
	}
	s.refused(unix.EOPNOTSUPP, 30, s.found(rootFid, "file"), uint32(998), "security.capability")
	removing := s.found(rootFid, "file")
	s.must(32, removing, "user.first", uint64(0), uint32(unix.XATTR_REPLACE))
	s.must(120, removing)
	if read("") != "user.second\x00" {
		t.Errorf("%q", read(""))
	}
	other := s.found(rootFid, "file")
	s.must(32, other, "security.capability", uint64(0), uint32(0))
	s.refused(unix.EOPNOTSUPP, 120, other)
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	s := start(t, "--root", filepath.Join(folder(t), "shared"))
	s.refused(unix.EBADF, 120, uint32(999))
	s.refused(unix.EBADF, 116, uint32(rootFid), uint64(0), uint32(10))
	s.refused(unix.EINVAL, 110, uint32(rootFid), uint32(rootFid+1), uint16(17))
	s.refused(unix.EINVAL, 110, uint32(rootFid), uint32(77), uint16(2), "file")
	s.refused(unix.EOPNOTSUPP, 20, uint32(rootFid))
	s.refused(unix.EOPNOTSUPP, 200)
	fid := s.found(rootFid, "file")
	s.refused(unix.EINVAL, 110, uint32(rootFid), fid, uint16(0))
	s.must(12, fid, uint32(0))
	s.refused(unix.EINVAL, 12, fid, uint32(0))
	s.must(108, uint16(55))
	for _, answer := range [][]byte{s.must(52, fid, uint8(1), uint32(0), uint64(0), uint64(0), uint32(1), "box")} {
		if answer[0] != 0 {
			t.Error(answer)
		}
	}
}

func TestManyRequestsAtOnce(t *testing.T) {
	s := start(t, "--root", filepath.Join(folder(t), "shared"))
	fid := s.opened(unix.O_RDONLY, "file")
	go func() {
		for tag := range uint16(5000) {
			body := pack(fid, uint64(0), uint32(7))
			if _, err := s.in.Write(append(pack(uint32(7+len(body)), uint8(116), tag), body...)); err != nil {
				return
			}
		}
	}()
	for range 5000 {
		if kind, answer := s.receive(); kind != 117 || string(answer[4:]) != "content" {
			t.Fatal(kind, answer)
		}
	}
}
