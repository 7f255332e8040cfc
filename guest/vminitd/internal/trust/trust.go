// Package trust puts certificates into the trust store of the image, whichever distribution that is, and takes them out
// again, as the distribution's own tools would: they find them in their place when they make the store anew.
package trust

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Store is the container's trust store. All paths lead where they lead for the calling thread. No process of the container
// runs yet, so that what was looked at stays as it is; but it may be anything.
type Store struct {
	// Before every path; empty but in tests.
	Prefix string
	// Name of the extended attribute of the root directory that says that there may be certificates of ours: so nothing else
	// is looked at in the other containers. Only privileged ones can change it.
	Mark string
}

// New gives the store at the calling thread's root directory.
func New() Store { return Store{Mark: "trusted.berth.certificates"} }

// prefix begins the names of all our files.
const prefix = "berth-"

// Where certificates are kept one by one, for the tools that make bundles of them; the first that is there is used.
// Debian's and Alpine's is made where it can be: their tools are often installed later.
var anchors = []string{"/etc/pki/ca-trust/source/anchors", "/etc/pki/trust/anchors", "/etc/ca-certificates/trust-source/anchors"}

const (
	localShare   = "/usr/local/share"
	localAnchors = localShare + "/ca-certificates"
)

// Directories in which OpenSSL looks for certificates by the hash of the subject.
var hashed = []string{"/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash"}

// Install makes the store hold these certificates, one in PEM each, of ours and no others. What cannot be done is in the error,
// and everything else is done.
func (s Store) Install(texts [][]byte) error {
	_, err := unix.Getxattr(s.path("/"), s.Mark, nil)
	isMarked := err == nil
	if !isMarked && (len(texts) == 0 || !s.isThere()) {
		return nil
	}
	var problems []error
	var wanted []certificate
	for _, text := range texts {
		parsed, err := parseCertificate(text)
		if err != nil {
			problems = append(problems, err)
		} else if !slices.ContainsFunc(wanted, func(other certificate) bool { return other.name == parsed.name }) {
			wanted = append(wanted, parsed)
		}
	}
	if !isMarked {
		if err := unix.Setxattr(s.path("/"), s.Mark, []byte{1}, 0); err != nil {
			return err // Without it they would stay for ever.
		}
	}
	problems = append(problems, s.update(wanted, !isMarked))
	if err := errors.Join(problems...); err != nil || len(wanted) > 0 {
		return err
	}
	return unix.Removexattr(s.path("/"), s.Mark)
}

// isThere tells whether the image has anything that a certificate could be put into.
func (s Store) isThere() bool {
	return s.anchorDirectory(false) != "" || isDirectory(s.path(localShare)) ||
		slices.ContainsFunc(bundles, func(path string) bool { _, err := os.Stat(s.path(path)); return err == nil })
}

func (s Store) path(path string) string { return s.Prefix + path }

func (s Store) update(wanted []certificate, isFirst bool) error {
	directory := s.anchorDirectory(len(wanted) > 0)
	var problems []error
	var gone []certificate
	if directory != "" {
		var err error
		gone, err = updateAnchors(directory, wanted)
		problems = append(problems, err)
		for _, place := range hashed {
			if isDirectory(s.path(place)) {
				problems = append(problems, updateLinks(s.path(place), strings.TrimPrefix(directory, s.Prefix), wanted, gone))
			}
		}
	}
	var seen []os.FileInfo
	for _, path := range bundles {
		info, err := os.Stat(s.path(path))
		if err != nil || slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
			continue
		}
		err = s.updateBundle(s.path(path), wanted, gone, isFirst)
		problems = append(problems, err)
		// By now it may be another file.
		if info, err = os.Stat(s.path(path)); err == nil {
			seen = append(seen, info)
		}
	}
	return errors.Join(problems...)
}

// anchorDirectory is empty when the image has none and none should be made.
func (s Store) anchorDirectory(make bool) string {
	for _, directory := range anchors {
		if isDirectory(s.path(directory)) {
			return s.path(directory)
		}
	}
	local := s.path(localAnchors)
	if isDirectory(local) || make && isDirectory(s.path(localShare)) && os.Mkdir(local, 0o755) == nil {
		return local
	}
	return ""
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// updateAnchors gives those of ours that were there and are not wanted.
func updateAnchors(directory string, wanted []certificate) (gone []certificate, err error) {
	there, err := ourFiles(directory)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, name := range there {
		path := filepath.Join(directory, name)
		content := readSmall(path)
		if slices.ContainsFunc(wanted, func(c certificate) bool { return c.fileName() == name && bytes.Equal(c.text, content) }) {
			continue
		}
		if old, err := parseCertificate(content); err == nil && old.fileName() == name {
			gone = append(gone, old)
		}
		problems = append(problems, os.RemoveAll(path))
	}
	for _, c := range wanted {
		path := filepath.Join(directory, c.fileName())
		if _, err := os.Lstat(path); err != nil {
			problems = append(problems, writeFile(path, c.text, nil))
		}
	}
	return gone, errors.Join(problems...)
}

func (c certificate) fileName() string { return c.name + ".crt" }

// mostFiles of ours are looked for in a directory; its other files do not matter.
const mostFiles = 1000

func ourFiles(directory string) ([]string, error) {
	file, err := os.Open(directory)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var ours []string
	for len(ours) < mostFiles {
		names, err := file.Readdirnames(mostFiles)
		for _, name := range names {
			if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, ".crt") {
				ours = append(ours, name)
			}
		}
		if err != nil {
			return ours, unlessEnd(err)
		}
	}
	return ours, nil
}

func unlessEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// readSmall reads a file as large as a certificate can be; nothing of anything else.
func readSmall(path string) []byte {
	const largest = 64 << 10
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() > largest {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return content
}

func statusOf(info os.FileInfo) (*syscall.Stat_t, bool) {
	if info == nil {
		return nil, false
	}
	status, isUnix := info.Sys().(*syscall.Stat_t)
	return status, isUnix
}
