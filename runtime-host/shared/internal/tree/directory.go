package tree

import (
	"bytes"
	"encoding/binary"
	"sync"

	"berth.dev/shared/internal/ninep"
	"golang.org/x/sys/unix"
)

// entryBytes is read of a directory at once.
const entryBytes = 64 << 10

var entryBuffers = sync.Pool{New: func() any { return new([entryBytes]byte) }}

/*
 * An entry as getdents64(2) has it:
 *
 *   inode[8] offset of what follows[8] length[2] type[1] name, ending with NUL
 */
const (
	entryOffset = 8
	entryLength = 16
	entryType   = 18
	entryName   = 19
)

func (f *file) ReadDirectory(offset uint64, use func(ninep.Entry) bool) error {
	if !f.isOpen.Load() {
		return unix.EBADF
	}
	f.reading.Lock()
	defer f.reading.Unlock()
	if offset != f.position {
		if _, err := unix.Seek(f.open, int64(offset), unix.SEEK_SET); err != nil {
			return err
		}
		f.position = offset
	}
	buffer := entryBuffers.Get().(*[entryBytes]byte)
	defer entryBuffers.Put(buffer)
	used, device := false, f.directoryDevice()
	for {
		size, err := retry(func() (int, error) { return unix.Getdents(f.open, buffer[:]) })
		if err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
		for rest := buffer[:size]; len(rest) > entryName; {
			length := int(binary.NativeEndian.Uint16(rest[entryLength:]))
			entry := f.entry(rest[:length], device)
			if !use(entry) {
				// The kernel is further than the client.
				_, err := unix.Seek(f.open, int64(f.position), unix.SEEK_SET)
				if err == nil && !used { // Not even one has room.
					err = unix.EINVAL
				}
				return err
			}
			used = true
			f.position = entry.Offset
			rest = rest[length:]
		}
	}
}

// directoryDevice is what the numbers of the entries are mixed with; only where something else is mounted it is wrong.
func (f *file) directoryDevice() uint64 {
	var status unix.Stat_t
	if err := unix.Fstat(f.open, &status); err != nil || uint64(status.Dev) == f.root.device {
		return 0
	}
	return f.root.devices.of(uint64(status.Dev)) << numberBits
}

func (f *file) entry(raw []byte, device uint64) ninep.Entry {
	name := raw[entryName:]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	kind := raw[entryType]
	return ninep.Entry{
		Qid:    ninep.Qid{Type: qidType(uint32(kind) << 12), Path: binary.NativeEndian.Uint64(raw) ^ device},
		Offset: binary.NativeEndian.Uint64(raw[entryOffset:]),
		Type:   kind,
		Name:   string(name),
	}
}
