package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ReadOptions are those of ReadArchiveRequest.
type ReadOptions struct {
	Path          string
	FollowLink    bool
	OneFileSystem bool
}

type inode struct{ device, number uint64 }

// reader walks a tree and writes it as tar.
type reader struct {
	context       context.Context
	tar           *tar.Writer
	oneFileSystem bool
	// Names of files that have several, as they were written first.
	links  map[inode]string
	buffer []byte
}

const pieceSize = 64 << 10

// Read writes a file, or a directory with all that is in it, as a tar stream. The first entry is what the path names.
func (r *Root) Read(ctx context.Context, options ReadOptions, into io.Writer) error {
	p := parsePlace(options.Path)
	fd, err := r.openSource(p, options.FollowLink)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := refuseKernels(fd, p.path); err != nil {
		return err
	}
	walk := &reader{
		context: ctx, tar: tar.NewWriter(into), oneFileSystem: options.OneFileSystem,
		links: map[inode]string{}, buffer: make([]byte, pieceSize),
	}
	name := filepath.Base(p.path)
	if p.contents {
		name = "."
	}
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return at(p.path, err)
	}
	if p.contents && options.OneFileSystem {
		err = walk.addEntries(fd, "", status.Dev)
	} else {
		err = walk.add(fd, name, &status)
	}
	if err != nil {
		return err
	}
	return walk.tar.Close()
}

func (r *Root) openSource(p place, follow bool) (int, error) {
	flags := unix.O_PATH
	if p.directory {
		fd, err := r.open(p.path, flags|unix.O_DIRECTORY)
		if errors.Is(err, unix.ENOTDIR) {
			if fd, err := r.open(p.path, flags); err == nil {
				unix.Close(fd)
				return -1, &Error{p.path, "not a directory"}
			}
		}
		return fd, at(p.path, err)
	}
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := r.open(p.path, flags)
	return fd, at(p.path, err)
}

// add writes one file, and what is in it when it is a directory.
func (r *reader) add(fd int, name string, status *unix.Stat_t) error {
	if err := r.context.Err(); err != nil {
		return err
	}
	// Deeper ones no program can name, and all of the names above are kept.
	if len(name) >= unix.PathMax {
		return at(name[:100]+"…", unix.ENAMETOOLONG)
	}
	header := newHeader(name, status)
	if header == nil { // A socket: nobody could use it.
		return nil
	}
	switch kind(status) {
	case unix.S_IFREG:
		if first, ok := r.firstName(name, status); ok {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, first, 0
			return r.tar.WriteHeader(header)
		}
		return r.addContent(fd, header)
	case unix.S_IFLNK:
		target, err := readLink(fd, "")
		if err != nil {
			return at(name, err)
		}
		header.Linkname = target
	}
	if err := addAttributes(header, fd); err != nil {
		return at(name, err)
	}
	if err := r.tar.WriteHeader(header); err != nil {
		return err
	}
	if kind(status) != unix.S_IFDIR {
		return nil
	}
	return r.addEntries(fd, name+"/", status.Dev)
}

// firstName tells under which name a file with several names was written, and remembers this one when it is the first.
func (r *reader) firstName(name string, status *unix.Stat_t) (string, bool) {
	if status.Nlink < 2 {
		return "", false
	}
	key := inode{status.Dev, status.Ino}
	first, ok := r.links[key]
	if !ok {
		r.links[key] = name
	}
	return first, ok
}

func (r *reader) addContent(fd int, header *tar.Header) error {
	file, err := reopen(fd, unix.O_RDONLY)
	if err != nil {
		return at(header.Name, err)
	}
	defer file.Close()
	if err := addAttributes(header, fd); err != nil {
		return at(header.Name, err)
	}
	if err := r.tar.WriteHeader(header); err != nil {
		return err
	}
	// What is appended meanwhile is left out; what is taken away leaves a hole in the stream that nobody could explain.
	for rest := header.Size; rest > 0; {
		if err := r.context.Err(); err != nil {
			return err
		}
		count, err := file.Read(r.buffer[:min(rest, pieceSize)])
		if err == io.EOF {
			return &Error{header.Name, "it became shorter while it was read; try again"}
		}
		if err != nil {
			return at(header.Name, err)
		}
		if _, err := r.tar.Write(r.buffer[:count]); err != nil {
			return err
		}
		rest -= int64(count)
	}
	return nil
}

// addEntries writes what is in a directory. What vanishes meanwhile is not there.
func (r *reader) addEntries(fd int, prefix string, device uint64) error {
	directory, err := reopen(fd, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return at(prefix, err)
	}
	defer directory.Close()
	const batch = 1000
	for {
		names, err := directory.Readdirnames(batch)
		for _, name := range names {
			if err := r.addEntry(int(directory.Fd()), name, prefix, device); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return at(prefix, err)
		}
	}
}

func (r *reader) addEntry(directory int, name, prefix string, device uint64) error {
	fd, err := unix.Openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return at(prefix+name, err)
	}
	defer unix.Close(fd)
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return at(prefix+name, err)
	}
	if status.Dev != device {
		if hidden, err := r.hides(fd); err != nil || hidden {
			return r.addMountPoint(fd, prefix+name, &status, err)
		}
	}
	return r.add(fd, prefix+name, &status)
}

// hides tells whether what is mounted here is left out.
func (r *reader) hides(fd int) (bool, error) {
	magic, err := fileSystem(fd)
	return r.oneFileSystem || !isStored(magic), err
}

func (r *reader) addMountPoint(fd int, name string, status *unix.Stat_t, err error) error {
	if err != nil {
		return at(name, err)
	}
	if header := newHeader(name, status); header != nil && kind(status) == unix.S_IFDIR {
		return r.tar.WriteHeader(header)
	}
	return nil
}

func readLink(fd int, name string) (string, error) {
	buffer := make([]byte, unix.PathMax)
	count, err := unix.Readlinkat(fd, name, buffer)
	if err != nil {
		return "", fmt.Errorf("symbolic link: %w", err)
	}
	return string(buffer[:count]), nil
}
