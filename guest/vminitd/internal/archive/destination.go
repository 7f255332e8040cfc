package archive

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Source says what a stream's entries are.
type Source int

// As in WriteArchiveStart.
const (
	SourceEntries Source = iota
	SourceFile
	SourceDirectory
	SourceContents
)

// found is what is at a destination.
type found struct {
	path              string
	exists, directory bool
}

// decide is docker's table (docker cp, "Description"): the path that the source gets.
func decide(source Source, name string, asked place, there found) (string, error) {
	switch {
	case source == SourceEntries && !there.directory:
		if !there.exists {
			return "", at(asked.path, unix.ENOENT)
		}
		return "", &Error{asked.path, "the destination must be a directory"}
	case source == SourceEntries, there.directory && source == SourceContents:
		return there.path, nil
	case there.directory:
		return filepath.Join(there.path, name), nil
	case there.exists && source != SourceFile:
		return "", &Error{asked.path, "a directory cannot be copied onto a file"}
	case there.exists && asked.directory:
		return "", &Error{asked.path, "not a directory"}
	case !there.exists && asked.directory && source == SourceFile:
		return "", &Error{asked.path, "no such directory"}
	default:
		return there.path, nil
	}
}

// find looks where a path leads: links at its end are followed, also one to what is not there yet and will be made.
func (r *Root) find(asked place) (found, error) {
	const mostLinks = 10
	path := asked.path
	for range mostLinks {
		fd, err := r.open(path, unix.O_PATH|unix.O_NOFOLLOW)
		if errors.Is(err, unix.ENOENT) {
			return r.nothing(path)
		}
		if err != nil {
			return found{}, at(path, err)
		}
		target, status, err := examine(fd)
		unix.Close(fd)
		switch {
		case err != nil:
			return found{}, at(path, err)
		case kind(&status) != unix.S_IFLNK:
			return found{path: path, exists: true, directory: kind(&status) == unix.S_IFDIR}, nil
		case filepath.IsAbs(target):
			path = filepath.Clean(target)
		default:
			path = filepath.Join("/", filepath.Dir(path), target)
		}
	}
	return found{}, at(asked.path, unix.ELOOP)
}

// nothing is at a path whose parent must be there.
func (r *Root) nothing(path string) (found, error) {
	parent, err := r.open(filepath.Dir(path), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return found{}, at(path, err)
	}
	unix.Close(parent)
	return found{path: path}, nil
}

// examine tells what a descriptor stands for, and where it leads when that is a symbolic link.
func examine(fd int) (target string, status unix.Stat_t, err error) {
	if err = unix.Fstat(fd, &status); err == nil && kind(&status) == unix.S_IFLNK {
		target, err = readLink(fd, "")
	}
	return target, status, err
}
