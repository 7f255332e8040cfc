// Package ninep speaks 9P2000.L, the protocol by which Linux mounts a directory that somebody else serves, on the server's
// side. https://github.com/chaos/diod/blob/master/protocol.md describes the messages.
package ninep

import (
	"encoding/binary"
	"errors"
)

// Message types of requests; an answer's is one higher.
const (
	rLerror      = 7
	tStatfs      = 8
	tLopen       = 12
	tLcreate     = 14
	tSymlink     = 16
	tMknod       = 18
	tRename      = 20
	tReadlink    = 22
	tGetattr     = 24
	tSetattr     = 26
	tXattrwalk   = 30
	tXattrcreate = 32
	tReaddir     = 40
	tFsync       = 50
	tLock        = 52
	tGetlock     = 54
	tLink        = 70
	tMkdir       = 72
	tRenameat    = 74
	tUnlinkat    = 76
	tVersion     = 100
	tAuth        = 102
	tAttach      = 104
	tFlush       = 108
	tWalk        = 110
	tRead        = 116
	tWrite       = 118
	tClunk       = 120
	tRemove      = 122
)

const (
	// headerSize: size[4] type[1] tag[2].
	headerSize = 7
	qidSize    = 13
	noFid      = ^uint32(0)
)

// Qid is what a server calls a file, and the kind of it.
type Qid struct {
	Type    byte
	Version uint32
	Path    uint64
}

// Of Qid.Type.
const (
	QidDirectory = 0x80
	QidSymlink   = 0x02
)

var errShort = errors.New("a message is shorter than what it says")

// reader takes a request apart. What is missing reads as zero and is remembered.
type reader struct {
	data  []byte
	short bool
}

func (r *reader) take(count int) []byte {
	if count < 0 || count > len(r.data) {
		r.short = true
		return nil
	}
	taken := r.data[:count]
	r.data = r.data[count:]
	return taken
}

func (r *reader) uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) text() string { return string(r.take(int(r.uint16()))) }

// writer puts an answer together.
type writer struct{ data []byte }

func (w *writer) uint8(v uint8)   { w.data = append(w.data, v) }
func (w *writer) uint16(v uint16) { w.data = binary.LittleEndian.AppendUint16(w.data, v) }
func (w *writer) uint32(v uint32) { w.data = binary.LittleEndian.AppendUint32(w.data, v) }
func (w *writer) uint64(v uint64) { w.data = binary.LittleEndian.AppendUint64(w.data, v) }

func (w *writer) text(v string) {
	w.uint16(uint16(len(v)))
	w.data = append(w.data, v...)
}

func (w *writer) qid(v Qid) {
	w.uint8(v.Type)
	w.uint32(v.Version)
	w.uint64(v.Path)
}

// grow gives room for count bytes, and what is behind it is to be cut off with shrink.
func (w *writer) grow(count int) []byte {
	before := len(w.data)
	if cap(w.data)-before < count {
		w.data = append(make([]byte, 0, before+count), w.data...)
	}
	w.data = w.data[:before+count]
	return w.data[before:]
}

func (w *writer) shrink(count int) { w.data = w.data[:len(w.data)-count] }
