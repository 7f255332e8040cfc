package tree

import (
	"bytes"
	"strings"

	"golang.org/x/sys/unix"
)

// usersAttributes are those that have no meaning for the kernel of either side.
const usersAttributes = "user."

func (f *file) GetAttribute(name string) ([]byte, error) {
	if !strings.HasPrefix(name, usersAttributes) {
		return nil, unix.EOPNOTSUPP
	}
	return readAll(func(into []byte) (int, error) { return unix.Getxattr(selfPath(f.path), name, into) })
}

func (f *file) ListAttributes() ([]byte, error) {
	names, err := readAll(func(into []byte) (int, error) { return unix.Listxattr(selfPath(f.path), into) })
	if err != nil {
		return nil, err
	}
	var shown []byte
	for name := range bytes.SplitAfterSeq(names, []byte{0}) {
		if bytes.HasPrefix(name, []byte(usersAttributes)) {
			shown = append(shown, name...)
		}
	}
	return shown, nil
}

func (f *file) SetAttribute(name string, value []byte, flags int) error {
	if err := f.checkChange(); err != nil {
		return err
	}
	if !strings.HasPrefix(name, usersAttributes) {
		return unix.EOPNOTSUPP
	}
	if len(value) == 0 && flags == unix.XATTR_REPLACE { // What Linux's client sends to remove one.
		return unix.Removexattr(selfPath(f.path), name)
	}
	return unix.Setxattr(selfPath(f.path), name, value, flags)
}

// readAll asks for a size first, and again when it grew meanwhile.
func readAll(read func([]byte) (int, error)) ([]byte, error) {
	for {
		size, err := read(nil)
		if err != nil || size == 0 {
			return nil, err
		}
		into := make([]byte, size)
		if size, err = read(into); err == nil {
			return into[:size], nil
		}
		if err != unix.ERANGE {
			return nil, err
		}
	}
}
