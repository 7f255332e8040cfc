package trust

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// updateLinks keeps, in a directory that OpenSSL looks into, what Debian's tool makes for each certificate:
//
//	berth-….pem ─► the certificate itself          1a2b3c4d.0 ─► berth-….pem
//
// Several certificates of the same subject are numbered from 0, without a gap: OpenSSL stops at the first.
func updateLinks(directory, anchors string, wanted, gone []certificate) error {
	var problems []error
	for _, c := range gone {
		problems = append(problems, unlink(directory, c), removeIfLink(filepath.Join(directory, c.linkName())))
	}
	for _, c := range wanted {
		problems = append(problems, link(directory, anchors, c))
	}
	return errors.Join(problems...)
}

func (c certificate) linkName() string { return c.name + ".pem" }

// mostSameSubject is how many certificates of one subject are looked at.
const mostSameSubject = 100

func link(directory, anchors string, c certificate) error {
	err := os.Symlink(filepath.Join(anchors, c.fileName()), filepath.Join(directory, c.linkName()))
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	for number := range mostSameSubject {
		path := hashPath(directory, c, number)
		err := os.Symlink(c.linkName(), path)
		if !errors.Is(err, os.ErrExist) {
			return err
		}
		if target, err := os.Readlink(path); err == nil && target == c.linkName() {
			return nil
		}
	}
	return fmt.Errorf("%s: too many certificates have the subject %s", directory, c.subjectHash)
}

// unlink takes a certificate's number away, and gives it to the last of its subject.
func unlink(directory string, c certificate) error {
	own, last := -1, -1
	for number := range mostSameSubject {
		target, err := os.Readlink(hashPath(directory, c, number))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		last = number
		if err == nil && target == c.linkName() {
			own = number
		}
	}
	switch {
	case own < 0:
		return nil
	case own == last:
		return os.Remove(hashPath(directory, c, own))
	}
	return os.Rename(hashPath(directory, c, last), hashPath(directory, c, own))
}

func hashPath(directory string, c certificate, number int) string {
	return filepath.Join(directory, fmt.Sprintf("%s.%d", c.subjectHash, number))
}

func removeIfLink(path string) error {
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
		return nil
	}
	return os.Remove(path)
}
