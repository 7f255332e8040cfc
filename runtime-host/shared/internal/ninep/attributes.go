package ninep

import (
	"golang.org/x/sys/unix"
)

// basicAttributes is what an answer to Tgetattr always has.
const basicAttributes = 0x7ff

// Of Tsetattr's mask.
const (
	setMode = 1 << iota
	setUID
	setGID
	setSize
	setAccessTime
	setModifyTime
	_ // The change time is the file system's affair.
	setGivenAccessTime
	setGivenModifyTime
)

func (s *Server) inspect(kind uint8, r *reader, w *writer) error {
	node, release, err := s.fids.holdNode(r.uint32())
	if err != nil {
		return err
	}
	defer release()
	switch kind {
	case tGetattr:
		return s.getAttributes(node, w)
	case tSetattr:
		return setAttributes(node, r)
	case tStatfs:
		return statFS(node, w)
	case tReadlink:
		target, err := node.Readlink()
		w.text(target)
		return err
	}
	return node.Sync(r.uint32() != 0) // tFsync
}

func (s *Server) getAttributes(node Node, w *writer) error {
	status, err := node.Stat()
	if err != nil {
		return err
	}
	qid, err := node.Qid()
	if err != nil {
		return err
	}
	w.uint64(basicAttributes)
	w.qid(qid)
	w.uint32(status.Mode)
	w.uint32(status.Uid)
	w.uint32(status.Gid)
	w.uint64(uint64(status.Nlink))
	w.uint64(uint64(status.Rdev))
	w.uint64(uint64(status.Size))
	// Programs that choose their buffers by it then need one request for each.
	w.uint64(uint64(s.msize-ioHeader) &^ 4095)
	w.uint64(uint64(status.Blocks))
	for _, time := range []unix.Timespec{status.Atim, status.Mtim, status.Ctim, {}} {
		w.uint64(uint64(time.Sec))
		w.uint64(uint64(time.Nsec))
	}
	w.uint64(0) // generation
	w.uint64(0) // version of the data
	return nil
}

func setAttributes(node Node, r *reader) error {
	valid, mode, uid, gid, size := r.uint32(), r.uint32(), r.uint32(), r.uint32(), r.uint64()
	var change Attributes
	if valid&setMode != 0 {
		change.Mode = &mode
	}
	if valid&setUID != 0 {
		change.UID = &uid
	}
	if valid&setGID != 0 {
		change.GID = &gid
	}
	if valid&setSize != 0 {
		change.Size = &size
	}
	change.AccessTime = timeOf(r, valid&setAccessTime != 0, valid&setGivenAccessTime != 0)
	change.ModifyTime = timeOf(r, valid&setModifyTime != 0, valid&setGivenModifyTime != 0)
	if r.short {
		return unix.EINVAL
	}
	return node.SetAttributes(change)
}

func timeOf(r *reader, isMeant, isGiven bool) unix.Timespec {
	seconds, nanoseconds := r.uint64(), r.uint64()
	switch {
	case !isMeant:
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	case !isGiven:
		return unix.Timespec{Nsec: unix.UTIME_NOW}
	}
	return unix.Timespec{Sec: int64(seconds), Nsec: int64(nanoseconds)}
}

func statFS(node Node, w *writer) error {
	status, err := node.StatFS()
	if err != nil {
		return err
	}
	w.uint32(uint32(status.Type))
	w.uint32(uint32(status.Bsize))
	w.uint64(status.Blocks)
	w.uint64(status.Bfree)
	w.uint64(status.Bavail)
	w.uint64(status.Files)
	w.uint64(status.Ffree)
	w.uint64(uint64(uint32(status.Fsid.Val[0])) | uint64(uint32(status.Fsid.Val[1]))<<32)
	w.uint32(uint32(status.Namelen))
	return nil
}
