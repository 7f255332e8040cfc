package ninep

import (
	"golang.org/x/sys/unix"
)

// ioHeader is what an answer to Tread, or a Twrite, has beside its data.
const ioHeader = headerSize + 4 + 8 + 4

func (s *Server) open(kind uint8, r *reader, w *writer) error {
	id := r.uint32()
	node, release, err := s.fids.holdNode(id)
	if err != nil {
		return err
	}
	defer release()
	if kind == tLopen {
		err = node.Open(int(r.uint32()))
	} else {
		name, flags, mode := r.text(), int(r.uint32()), r.uint32()
		if err := checkName(name); err != nil {
			return err
		}
		node, err = node.Create(name, flags, mode)
	}
	if err != nil {
		return err
	}
	if kind == tLcreate { // The fid stands for the new file from now on.
		if err := s.fids.replace(id, &fid{node: node}); err != nil {
			return err
		}
	}
	qid, err := node.Qid()
	w.qid(qid)
	w.uint32(s.msize - ioHeader)
	return err
}

func (s *Server) read(r *reader, w *writer) error {
	f, release, err := s.fids.hold(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	offset, count := r.uint64(), int(min(r.uint32(), s.msize-ioHeader))
	w.uint32(0)
	place := len(w.data) - 4
	got := 0
	into := w.grow(count)
	if f.attribute != nil {
		got = f.attribute.read(f, into, offset)
	} else if got, err = f.node.ReadAt(into, offset); err != nil {
		return err
	}
	w.shrink(count - got)
	putUint32(w.data[place:], uint32(got))
	return nil
}

func putUint32(into []byte, v uint32) {
	into[0], into[1], into[2], into[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

func (s *Server) write(r *reader, w *writer) error {
	f, release, err := s.fids.hold(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	offset := r.uint64()
	data := r.take(int(r.uint32()))
	if r.short {
		return unix.EINVAL
	}
	written := len(data)
	if f.attribute != nil {
		err = f.attribute.add(f, data, offset)
	} else {
		written, err = f.node.WriteAt(data, offset)
	}
	w.uint32(uint32(written))
	return err
}

// read gives what is there of it from a place on.
func (a *attribute) read(f *fid, into []byte, offset uint64) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if offset >= uint64(len(a.data)) {
		return 0
	}
	return copy(into, a.data[offset:])
}

// add takes a piece of an attribute; they come in order.
func (a *attribute) add(f *fid, data []byte, offset uint64) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if a.name == "" || offset != uint64(len(a.data)) || offset+uint64(len(data)) > a.length {
		return unix.EINVAL
	}
	a.data = append(a.data, data...)
	return nil
}

func (s *Server) readdir(r *reader, w *writer) error {
	node, release, err := s.fids.holdNode(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	offset, count := r.uint64(), int(min(r.uint32(), s.msize-ioHeader))
	w.uint32(0)
	start := len(w.data)
	err = node.ReadDirectory(offset, func(entry Entry) bool {
		if len(w.data)-start+qidSize+8+1+2+len(entry.Name) > count {
			return false
		}
		w.qid(entry.Qid)
		w.uint64(entry.Offset)
		w.uint8(entry.Type)
		w.text(entry.Name)
		return true
	})
	putUint32(w.data[start-4:], uint32(len(w.data)-start))
	return err
}

// largestAttribute is what Linux has (XATTR_SIZE_MAX).
const largestAttribute = 64 << 10

func (s *Server) xattrWalk(r *reader, w *writer) error {
	from, to, name := r.uint32(), r.uint32(), r.text()
	node, release, err := s.fids.holdNode(from)
	if err != nil {
		return err
	}
	defer release()
	var data []byte
	if name == "" {
		data, err = node.ListAttributes()
	} else {
		data, err = node.GetAttribute(name)
	}
	if err != nil {
		return err
	}
	w.uint64(uint64(len(data)))
	return s.fids.put(to, &fid{attribute: &attribute{data: data, length: uint64(len(data))}})
}

func (s *Server) xattrCreate(r *reader) error {
	id, name, length, flags := r.uint32(), r.text(), r.uint64(), int(r.uint32())
	from, release, err := s.fids.holdNode(id)
	if err != nil {
		return err
	}
	defer release()
	if name == "" || length > largestAttribute {
		return unix.EINVAL
	}
	node, err := from.Clone()
	if err != nil {
		return err
	}
	return s.fids.replace(id, &fid{node: node, attribute: &attribute{name: name, flags: flags, length: length}})
}

// lock: the guest's kernel has locked the file among the guest's processes before it asks, and this is all that there is, as
// with QEMU's shares.
func (s *Server) lock(kind uint8, r *reader, w *writer) error {
	_, release, err := s.fids.hold(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	const success, unlocked = 0, 2
	if kind == tLock {
		w.uint8(success)
		return nil
	}
	_ = r.uint8()
	start, length, process, client := r.uint64(), r.uint64(), r.uint32(), r.text()
	w.uint8(unlocked)
	w.uint64(start)
	w.uint64(length)
	w.uint32(process)
	w.text(client)
	return nil
}
