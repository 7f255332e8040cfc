package ninep

import (
	"strings"

	"golang.org/x/sys/unix"
)

func (s *Server) handle(kind uint8, r *reader, w *writer) error {
	switch kind {
	case tVersion:
		return s.version(r, w)
	case tAttach:
		return s.attach(r, w)
	case tFlush:
		_ = r.uint16() // What it names has been waited for.
		return nil
	case tWalk:
		return s.walk(r, w)
	case tClunk:
		return s.clunk(r.uint32())
	case tLopen, tLcreate:
		return s.open(kind, r, w)
	case tRead:
		return s.read(r, w)
	case tWrite:
		return s.write(r, w)
	case tReaddir:
		return s.readdir(r, w)
	case tGetattr, tSetattr, tStatfs, tReadlink, tFsync:
		return s.inspect(kind, r, w)
	case tXattrwalk:
		return s.xattrWalk(r, w)
	case tXattrcreate:
		return s.xattrCreate(r)
	case tLock, tGetlock:
		return s.lock(kind, r, w)
	case tMkdir, tSymlink, tMknod, tLink, tUnlinkat, tRenameat:
		return s.change(kind, r, w)
	}
	// Of these Linux needs none when it has the others: Tauth, Trename, Tremove.
	return unix.EOPNOTSUPP
}

func (s *Server) version(r *reader, w *writer) error {
	msize, version := r.uint32(), r.text()
	s.fids.clear()
	if msize < smallestMessage { // What was agreed before stays: answers are measured by it.
		return unix.EMSGSIZE
	}
	s.msize = min(msize, largestMessage)
	if !strings.HasPrefix(version, "9P2000.L") {
		version = "unknown"
	}
	w.uint32(s.msize)
	w.text(version)
	return nil
}

func (s *Server) attach(r *reader, w *writer) error {
	id := r.uint32()
	node, err := s.root.Attach()
	if err != nil {
		return err
	}
	qid, err := node.Qid()
	if err != nil {
		node.Close()
		return err
	}
	w.qid(qid)
	return s.fids.put(id, &fid{node: node})
}

// checkName keeps everything out that is not the name of something in a directory.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00"):
		return unix.EINVAL
	case len(name) > 255:
		return unix.ENAMETOOLONG
	}
	return nil
}

const mostNames = 16

func (s *Server) walk(r *reader, w *writer) error {
	from, to, count := r.uint32(), r.uint32(), int(r.uint16())
	if count > mostNames {
		return unix.EINVAL
	}
	start, release, err := s.fids.holdNode(from)
	if err != nil {
		return err
	}
	defer release()
	node, err := start.Clone()
	if err != nil {
		return err
	}
	walked := 0
	w.uint16(0)
	place := len(w.data) - 2
	for ; walked < count; walked++ {
		next, qid, err := step(node, r.text())
		if err != nil {
			node.Close()
			if walked == 0 {
				return err
			}
			w.data[place] = byte(walked) // That not all were found is how the client learns of it.
			return nil
		}
		node.Close()
		node = next
		w.qid(qid)
	}
	w.data[place] = byte(walked)
	if r.short {
		node.Close()
		return unix.EINVAL
	}
	if from == to {
		return s.fids.replace(to, &fid{node: node})
	}
	return s.fids.put(to, &fid{node: node})
}

func step(from Node, name string) (Node, Qid, error) {
	if err := checkName(name); err != nil {
		return nil, Qid{}, err
	}
	node, err := from.Walk(name)
	if err != nil {
		return nil, Qid{}, err
	}
	qid, err := node.Qid()
	if err != nil {
		node.Close()
	}
	return node, qid, err
}

// clunk forgets a fid. An attribute is set now that all of it is known.
func (s *Server) clunk(id uint32) error {
	f, release, err := s.fids.remove(id)
	if err != nil {
		return err
	}
	defer release()
	if a := f.attribute; a != nil && a.name != "" {
		f.mutex.Lock() // A piece may still be on its way.
		defer f.mutex.Unlock()
		if uint64(len(a.data)) != a.length {
			return unix.EINVAL
		}
		return f.node.SetAttribute(a.name, a.data, a.flags)
	}
	return nil
}

// change is what changes a directory.
func (s *Server) change(kind uint8, r *reader, w *writer) error {
	directory, release, err := s.fids.holdNode(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	switch kind {
	case tLink:
		return s.link(directory, r)
	case tRenameat:
		return s.rename(directory, r)
	}
	name := r.text()
	if err := checkName(name); err != nil {
		return err
	}
	var qid Qid
	switch kind {
	case tMkdir:
		qid, err = directory.Mkdir(name, r.uint32())
	case tSymlink:
		qid, err = directory.Symlink(name, r.text())
	case tMknod:
		qid, err = directory.Mknod(name, r.uint32())
	case tUnlinkat:
		return directory.Unlink(name, r.uint32()&unix.AT_REMOVEDIR != 0)
	}
	w.qid(qid)
	return err
}

func (s *Server) link(directory Node, r *reader) error {
	target, release, err := s.fids.holdNode(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	name := r.text()
	if err := checkName(name); err != nil {
		return err
	}
	return directory.Link(name, target)
}

func (s *Server) rename(directory Node, r *reader) error {
	name := r.text()
	into, release, err := s.fids.holdNode(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	newName := r.text()
	for _, one := range []string{name, newName} {
		if err := checkName(one); err != nil {
			return err
		}
	}
	return directory.Rename(name, into, newName)
}
