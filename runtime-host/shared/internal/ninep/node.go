package ninep

import "golang.org/x/sys/unix"

// Node is a file of whatever kind, as the server has found it. Names are single ones: neither empty nor “.” nor “..”, without
// “/” and NUL. Methods may be called at the same time.
type Node interface {
	// Walk finds a file in a directory; a symbolic link is found as one.
	Walk(name string) (Node, error)
	// Clone gives a second one for the same file, which is not open.
	Clone() (Node, error)
	Close()
	Qid() (Qid, error)
	Stat() (unix.Stat_t, error)
	SetAttributes(Attributes) error
	StatFS() (unix.Statfs_t, error)
	Readlink() (string, error)

	// Open opens a regular file or a directory, with flags as Linux has them.
	Open(flags int) error
	// Create makes a regular file in a directory and opens it.
	Create(name string, flags int, mode uint32) (Node, error)
	ReadAt(into []byte, offset uint64) (int, error)
	WriteAt(data []byte, offset uint64) (int, error)
	Sync(dataOnly bool) error
	// ReadDirectory gives entries to use until it says that it has had enough, beginning after the one that ended at offset.
	ReadDirectory(offset uint64, use func(entry Entry) bool) error

	Mkdir(name string, mode uint32) (Qid, error)
	Symlink(name, target string) (Qid, error)
	Link(name string, node Node) error
	Mknod(name string, mode uint32) (Qid, error)
	Unlink(name string, isDirectory bool) error
	Rename(name string, into Node, newName string) error

	GetAttribute(name string) ([]byte, error)
	ListAttributes() ([]byte, error)
	SetAttribute(name string, value []byte, flags int) error
}

// Entry is what a directory says of a file in it.
type Entry struct {
	Qid    Qid
	Offset uint64 // of what follows it
	Type   uint8  // DT_… of readdir(3)
	Name   string
}

// Attributes are what is to be changed of a file; nil stays.
type Attributes struct {
	Mode, UID, GID *uint32
	Size           *uint64
	// UTIME_NOW and UTIME_OMIT as utimensat(2) has them.
	AccessTime, ModifyTime unix.Timespec
}
