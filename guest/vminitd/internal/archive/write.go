package archive

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// WriteOptions are those of WriteArchiveStart.
type WriteOptions struct {
	Destination string
	Source      Source
	Name        string
	KeepOwner   bool
}

// writer makes the files of a tar stream.
type writer struct {
	context context.Context
	root    *Root
	options WriteOptions
	// Where the source goes.
	base string
	// The directory of the newest entry.
	parent parent
	// Directories get their times last: what is made in them changes these.
	times  []directoryTime
	buffer []byte
}

type parent struct {
	path string
	fd   int
	open bool
}

type directoryTime struct {
	path string
	time time.Time
}

// Write makes the files of a tar stream at a destination. It reads the stream to its end.
func (r *Root) Write(ctx context.Context, options WriteOptions, from io.Reader) error {
	asked := parsePlace(options.Destination)
	if strings.Contains(options.Name, "/") || options.Name == ".." {
		return &Error{options.Name, "not a name"}
	}
	there, err := r.find(asked)
	if err != nil {
		return err
	}
	base, err := decide(options.Source, options.Name, asked, there)
	if err != nil {
		return err
	}
	w := &writer{context: ctx, root: r, options: options, base: base, buffer: make([]byte, pieceSize)}
	defer w.closeParent()
	if err := w.entries(tar.NewReader(from)); err != nil {
		return err
	}
	if err := w.setTimes(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, from) // Tar pads its archives.
	return err
}

func (w *writer) entries(archive *tar.Reader) error {
	for count := 0; ; count++ {
		if err := w.context.Err(); err != nil {
			return err
		}
		header, err := archive.Next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, tar.ErrHeader), errors.Is(err, io.ErrUnexpectedEOF):
			return &Error{"the input", "this is not a whole tar archive"}
		case err != nil && !errors.Is(err, tar.ErrInsecurePath): // Names are checked here, anyway.
			return err
		}
		if w.options.Source == SourceFile && count > 0 {
			return &Error{header.Name, "the archive should hold one file only"}
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := w.entry(header, archive); err != nil {
			return err
		}
	}
}

// target is the path of an entry in the container, by the letter.
func (w *writer) target(name string) (path string, isSource bool, err error) {
	if w.options.Source == SourceFile {
		return w.base, true, nil
	}
	relative := filepath.Clean(strings.TrimLeft(name, "/"))
	if relative == ".." || strings.HasPrefix(relative, "../") {
		return "", false, &Error{name, "the archive’s name leads out of the destination"}
	}
	return filepath.Join(w.base, relative), relative == ".", nil
}

func (w *writer) entry(header *tar.Header, content io.Reader) error {
	path, isSource, err := w.target(header.Name)
	if err != nil {
		return err
	}
	if path == "/" { // Always there.
		return nil
	}
	directory, err := w.openParent(filepath.Dir(path))
	if err != nil {
		return err
	}
	name := filepath.Base(path)
	isDirectory := header.Typeflag == tar.TypeDir
	var status unix.Stat_t
	err = unix.Fstatat(directory, name, &status, unix.AT_SYMLINK_NOFOLLOW)
	exists := err == nil
	switch {
	case err != nil && !errors.Is(err, unix.ENOENT):
		return at(path, err)
	case exists && !isDirectory && kind(&status) == unix.S_IFDIR:
		return &Error{path, "a directory cannot be overwritten with something else"}
	case exists && isDirectory && kind(&status) != unix.S_IFDIR:
		return &Error{path, "something that is not a directory cannot be overwritten with one"}
	case exists && isDirectory && isSource && w.options.Source != SourceDirectory:
		return nil // The destination itself stays as it is.
	}
	return at(path, w.make(header, content, directory, name, path, exists))
}

// openParent gives the directory at a path, which is made if it is not there.
func (w *writer) openParent(path string) (int, error) {
	if w.parent.open && w.parent.path == path {
		return w.parent.fd, nil
	}
	w.closeParent()
	fd, err := w.root.open(path, unix.O_PATH|unix.O_DIRECTORY)
	if errors.Is(err, unix.ENOENT) && strings.HasPrefix(path, w.base+"/") {
		if err := w.makeParent(path); err != nil {
			return -1, err
		}
		fd, err = w.root.open(path, unix.O_PATH|unix.O_DIRECTORY)
	}
	if err != nil {
		return -1, at(path, err)
	}
	if err := refuseKernels(fd, path); err != nil {
		unix.Close(fd)
		return -1, err
	}
	w.parent = parent{path, fd, true}
	return fd, nil
}

// makeParent makes a directory that an archive does not name but has entries in.
func (w *writer) makeParent(path string) error {
	above, err := w.openParent(filepath.Dir(path))
	if err != nil {
		return err
	}
	if err := unix.Mkdirat(above, filepath.Base(path), 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
		return at(path, err)
	}
	w.closeParent()
	return nil
}

func (w *writer) closeParent() {
	if w.parent.open {
		unix.Close(w.parent.fd)
	}
	w.parent = parent{}
}

func (w *writer) setTimes() error {
	for i := len(w.times) - 1; i >= 0; i-- {
		directory, err := w.openParent(filepath.Dir(w.times[i].path))
		if err == nil {
			err = setTime(directory, filepath.Base(w.times[i].path), w.times[i].time)
		}
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("time of %s: %w", w.times[i].path, err)
		}
	}
	return nil
}

func setTime(directory int, name string, time time.Time) error {
	stamp, err := unix.TimeToTimespec(time)
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(directory, name, []unix.Timespec{stamp, stamp}, unix.AT_SYMLINK_NOFOLLOW)
}
