package trust

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Bundles, each a file with many certificates, of all the distributions that we know.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine, and images that were made by hand
	"/etc/ssl/cert.pem",                                 // Alpine
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora and its relatives
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem", // openSUSE
	"/var/lib/ca-certificates/ca-bundle.pem",
	"/etc/ca-certificates/extracted/tls-ca-bundle.pem", // Arch
}

// What we add to a bundle is between these lines, at its end.
const (
	blockBegin = "# Berth: certificates of the host\n"
	blockEnd   = "# Berth: end\n"
)

func block(certificates []certificate) []byte {
	if len(certificates) == 0 {
		return nil
	}
	text := []byte(blockBegin)
	for _, c := range certificates {
		text = append(text, c.text...)
	}
	return append(text, blockEnd...)
}

// largestBundle: real ones have a quarter of a megabyte. What is in the container's files decides nothing about memory.
const largestBundle = 16 << 20

// openRegular opens what is a file, links followed; nil for what is missing or anything else.
func openRegular(path string, flags int) (*os.File, os.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil, nil
	}
	file, err := os.OpenFile(path, flags|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	return file, info, err
}

// updateBundle makes a bundle hold the wanted certificates and not those that are gone. Where ours are at its end already,
// or were never in it, nothing but the end is read.
func (s Store) updateBundle(path string, wanted, gone []certificate, isFirst bool) (err error) {
	file, info, err := openRegular(path, os.O_RDWR)
	if file == nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size := info.Size()
	if size > largestBundle {
		return &os.PathError{Op: "read", Path: path, Err: unix.EFBIG}
	}
	ours := block(wanted)
	if len(gone) == 0 && len(ours) > 0 {
		isThere, err := endsWith(file, size, ours)
		if err != nil || isThere {
			return err
		}
		if isFirst {
			return appendBlock(file, size, ours)
		}
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(file, 0, size), content); err != nil {
		return err
	}
	return replace(path, file, info, content, withOurs(content, wanted, gone))
}

func endsWith(file *os.File, size int64, text []byte) (bool, error) {
	if size < int64(len(text)) {
		return false, nil
	}
	end := make([]byte, len(text))
	_, err := file.ReadAt(end, size-int64(len(text)))
	return bytes.Equal(end, text), err
}

func appendBlock(file *os.File, size int64, text []byte) error {
	isLine, err := endsWith(file, size, []byte("\n"))
	if err != nil {
		return err
	}
	if !isLine && size > 0 {
		text = append([]byte("\n"), text...)
	}
	_, err = file.WriteAt(text, size)
	return err
}

// withOurs is a bundle's new content. Tools of the distribution may have made the bundle anew since, with our certificates
// among the others.
func withOurs(content []byte, wanted, gone []certificate) []byte {
	kept := bytes.Clone(content)
	for {
		begin := bytes.Index(kept, []byte(blockBegin))
		if begin < 0 {
			break
		}
		after := kept[begin:]
		if end := bytes.Index(after, []byte(blockEnd)); end >= 0 {
			after = after[end+len(blockEnd):]
		} else {
			after = nil // It was interrupted.
		}
		kept = append(kept[:begin:begin], after...)
	}
	for _, c := range gone {
		kept = bytes.ReplaceAll(kept, c.text, nil)
	}
	var missing []certificate
	for _, c := range wanted {
		if !bytes.Contains(kept, c.text) {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 && len(kept) > 0 && kept[len(kept)-1] != '\n' {
		kept = append(kept, '\n')
	}
	return append(kept, block(missing)...)
}

// replace changes what is ours at a file's end in place, and makes the file anew, with its owner and mode, when more than
// that differs: who is interrupted leaves what was there.
func replace(path string, file *os.File, info os.FileInfo, old, content []byte) error {
	if bytes.Equal(old, content) {
		return nil
	}
	begin := bytes.Index(old, []byte(blockBegin))
	isAtEnd := bytes.HasSuffix(old, []byte(blockEnd)) && begin == bytes.LastIndex(old, []byte(blockBegin))
	if begin < 0 {
		begin, isAtEnd = len(old), true
	}
	if isAtEnd && bytes.HasPrefix(content, old[:begin]) {
		if err := file.Truncate(int64(begin)); err != nil {
			return err
		}
		_, err := file.WriteAt(content[begin:], int64(begin))
		return err
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	return writeFile(target, content, info)
}

// writeFile makes a file that is there whole or not at all, like another or root's own.
func writeFile(path string, content []byte, like os.FileInfo) error {
	temporary := path + ".berth-new"
	// What an interrupted start has left, or somebody has put there.
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if status, isOurs := statusOf(like); err == nil && isOurs {
		err = errors.Join(file.Chown(int(status.Uid), int(status.Gid)), unix.Fchmod(int(file.Fd()), status.Mode&0o7777))
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}
