package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

var entryTypes = map[uint32]byte{
	unix.S_IFREG: tar.TypeReg, unix.S_IFDIR: tar.TypeDir, unix.S_IFLNK: tar.TypeSymlink, unix.S_IFIFO: tar.TypeFifo,
	unix.S_IFCHR: tar.TypeChar, unix.S_IFBLK: tar.TypeBlock,
}

// newHeader describes a file as it is; nil when tar has no name for its kind.
func newHeader(name string, status *unix.Stat_t) *tar.Header {
	entryType, ok := entryTypes[kind(status)]
	if !ok {
		return nil
	}
	header := &tar.Header{
		Typeflag: entryType, Name: name, Format: tar.FormatPAX,
		Mode: int64(status.Mode & 0o7777), Uid: int(status.Uid), Gid: int(status.Gid),
		ModTime: time.Unix(status.Mtim.Unix()),
	}
	switch entryType {
	case tar.TypeReg:
		header.Size = status.Size
	case tar.TypeDir:
		header.Name += "/"
	case tar.TypeChar, tar.TypeBlock:
		header.Devmajor, header.Devminor = int64(unix.Major(status.Rdev)), int64(unix.Minor(status.Rdev))
	}
	return header
}

// attributeRecord is how GNU tar, bsdtar and docker name an extended attribute in a PAX header.
const attributeRecord = "SCHILY.xattr."

// carried are the attributes that mean something elsewhere: the user's own, file capabilities, access control lists.
func carried(attribute string) bool {
	switch attribute {
	case "security.capability", "system.posix_acl_access", "system.posix_acl_default":
		return true
	}
	return strings.HasPrefix(attribute, "user.") && !strings.Contains(attribute, "=")
}

// addAttributes adds a file's extended attributes.
func addAttributes(header *tar.Header, fd int) error {
	path := byDescriptor(fd)
	size, err := unix.Listxattr(path, nil)
	if err != nil || size == 0 {
		return unlessUnsupported(err)
	}
	list := make([]byte, size)
	if size, err = unix.Listxattr(path, list); err != nil {
		return unlessUnsupported(err)
	}
	for _, name := range bytes.Split(list[:size], []byte{0}) {
		attribute := string(name)
		if !carried(attribute) {
			continue
		}
		const largest = 64 << 10
		value := make([]byte, largest)
		size, err := unix.Getxattr(path, attribute, value)
		if err != nil {
			if errors.Is(err, unix.ENODATA) {
				continue
			}
			return unlessUnsupported(err)
		}
		if header.PAXRecords == nil {
			header.PAXRecords = map[string]string{}
		}
		header.PAXRecords[attributeRecord+attribute] = string(value[:size])
	}
	return nil
}

func unlessUnsupported(err error) error {
	// ERANGE: somebody has added one in this very moment.
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ERANGE) || errors.Is(err, unix.EPERM) {
		return nil
	}
	return err
}
