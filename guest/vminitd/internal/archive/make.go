package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// make makes one file in a directory. What is there already gives way, except that a directory stays.
func (w *writer) make(header *tar.Header, content io.Reader, directory int, name, path string, exists bool) error {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		return w.makeFile(header, content, directory, name)
	case tar.TypeDir:
		return w.makeDirectory(header, directory, name, path, exists)
	}
	if exists {
		if err := unix.Unlinkat(directory, name, 0); err != nil {
			return err
		}
	}
	switch header.Typeflag {
	case tar.TypeLink:
		return w.makeLink(header, directory, name)
	case tar.TypeSymlink:
		if err := unix.Symlinkat(header.Linkname, directory, name); err != nil {
			return err
		}
	case tar.TypeFifo, tar.TypeChar, tar.TypeBlock:
		device := int(unix.Mkdev(uint32(header.Devmajor), uint32(header.Devminor)))
		if err := unix.Mknodat(directory, name, deviceKind(header.Typeflag)|0o600, device); err != nil {
			return err
		}
	default:
		return fmt.Errorf("an archive entry of type %q: %w", header.Typeflag, unix.EINVAL)
	}
	fd, err := unix.Openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := w.describe(fd, header); err != nil {
		return err
	}
	return setTime(directory, name, header.ModTime)
}

func deviceKind(entryType byte) uint32 {
	for kind, other := range entryTypes {
		if other == entryType {
			return kind
		}
	}
	return 0
}

// makeFile writes under a name of its own first: whoever reads the file meanwhile, and whoever gives up, keeps the old one.
func (w *writer) makeFile(header *tar.Header, content io.Reader, directory int, name string) error {
	temporary, err := temporaryName()
	if err != nil {
		return err
	}
	fd, err := unix.Openat(directory, temporary, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	err = w.fill(fd, content, header.Size)
	if err == nil {
		err = w.describe(fd, header)
	}
	err = errors.Join(err, unix.Close(fd))
	if err == nil {
		err = setTime(directory, temporary, header.ModTime)
	}
	if err == nil {
		err = unix.Renameat(directory, temporary, directory, name)
	}
	if err != nil {
		return errors.Join(err, unix.Unlinkat(directory, temporary, 0))
	}
	return nil
}

func temporaryName() (string, error) {
	var random [8]byte
	_, err := unix.Getrandom(random[:], 0)
	return fmt.Sprintf(".berth-%x", random), err
}

const blockSize = 4096

var zeros [blockSize]byte

// fill writes content. Blocks of zeros stay holes.
func (w *writer) fill(fd int, content io.Reader, size int64) error {
	for offset := int64(0); offset < size; {
		if err := w.context.Err(); err != nil {
			return err
		}
		piece := w.buffer[:min(size-offset, pieceSize)]
		if _, err := io.ReadFull(content, piece); err != nil {
			return err
		}
		for start := 0; start < len(piece); {
			hole := isHole(piece[start:])
			end := start
			for end < len(piece) && isHole(piece[end:]) == hole {
				end = min(end+blockSize, len(piece))
			}
			if !hole {
				if err := writeAt(fd, piece[start:end], offset+int64(start)); err != nil {
					return err
				}
			}
			start = end
		}
		offset += int64(len(piece))
	}
	return unix.Ftruncate(fd, size)
}

// isHole tells whether data begins with a block of zeros.
func isHole(data []byte) bool {
	block := data[:min(len(data), blockSize)]
	return bytes.Equal(block, zeros[:len(block)])
}

func writeAt(fd int, data []byte, offset int64) error {
	for len(data) > 0 {
		count, err := unix.Pwrite(fd, data, offset)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		data, offset = data[count:], offset+int64(count)
	}
	return nil
}

func (w *writer) makeDirectory(header *tar.Header, directory int, name, path string, exists bool) error {
	if !exists {
		if err := unix.Mkdirat(directory, name, 0o700); err != nil {
			return err
		}
	}
	fd, err := unix.Openat(directory, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	w.times = append(w.times, directoryTime{path, header.ModTime})
	return w.describe(fd, header)
}

// makeLink gives another name to a file of the archive.
func (w *writer) makeLink(header *tar.Header, directory int, name string) error {
	target, _, err := w.target(header.Linkname)
	if err != nil {
		return err
	}
	above, err := w.root.open(filepath.Dir(target), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer unix.Close(above)
	return unix.Linkat(above, filepath.Base(target), directory, name, 0)
}

// describe gives a new file its owner, mode and attributes, in the order in which the kernel does not take any away again.
func (w *writer) describe(fd int, header *tar.Header) error {
	magic, err := fileSystem(fd)
	if err != nil {
		return err
	}
	path := byDescriptor(fd)
	// What is in a shared directory belongs to the host's user.
	if magic != magic9P {
		uid, gid := 0, 0
		if w.options.KeepOwner {
			uid, gid = header.Uid, header.Gid
		}
		if err := unix.Fchownat(fd, "", uid, gid, unix.AT_EMPTY_PATH); err != nil {
			return err
		}
	}
	if header.Typeflag == tar.TypeSymlink {
		return nil
	}
	if err := unix.Chmod(path, uint32(header.Mode)&0o7777); err != nil {
		return err
	}
	for record, value := range header.PAXRecords {
		attribute, ok := strings.CutPrefix(record, attributeRecord)
		if !ok || !carried(attribute) {
			continue
		}
		if err := unix.Setxattr(path, attribute, []byte(value), 0); unlessUnsupported(err) != nil {
			return fmt.Errorf("attribute %s: %w", attribute, err)
		}
	}
	return nil
}
