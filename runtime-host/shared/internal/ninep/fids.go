package ninep

import (
	"sync"

	"golang.org/x/sys/unix"
)

// mostFids a client may have: each holds a file open.
const mostFids = 1 << 20

// mostAttributeBytes of extended attributes a client may have at hand: they are in memory, and need no file that is open.
const mostAttributeBytes = 64 << 20

// fid is a client's name for a file. Whoever uses one holds it, so that it is closed when nobody does any more.
type fid struct {
	node Node
	// What is read or written instead, of one that stands for an extended attribute.
	attribute *attribute
	mutex     sync.Mutex
	users     int // with the table's mutex
}

// attribute is an extended attribute that is being read, or put together until the fid is clunked.
type attribute struct {
	data   []byte
	name   string // when it is being written
	flags  int
	length uint64 // all of it
}

// fidTable are a session's fids.
type fidTable struct {
	mutex          sync.Mutex
	byID           map[uint32]*fid
	attributeBytes uint64
}

// hold gives a fid and the function that lets it go.
func (t *fidTable) hold(id uint32) (*fid, func(), error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	f, known := t.byID[id]
	if !known {
		return nil, nil, unix.EBADF
	}
	f.users++
	return f, func() { t.release(f) }, nil
}

// holdNode does the same for one that must stand for a file.
func (t *fidTable) holdNode(id uint32) (Node, func(), error) {
	f, release, err := t.hold(id)
	if err == nil && (f.node == nil || f.attribute != nil) {
		release()
		return nil, nil, unix.EINVAL
	}
	if err != nil {
		return nil, nil, err
	}
	return f.node, release, nil
}

// put gives a node a name. The node is closed when that fails.
func (t *fidTable) put(id uint32, f *fid) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	_, used := t.byID[id]
	if used || id == noFid || len(t.byID) >= mostFids {
		f.close()
		return unix.EINVAL
	}
	if err := t.reserve(f); err != nil {
		return err
	}
	if t.byID == nil {
		t.byID = map[uint32]*fid{}
	}
	f.users = 1
	t.byID[id] = f
	return nil
}

// replace makes a name stand for something else.
func (t *fidTable) replace(id uint32, f *fid) error {
	t.mutex.Lock()
	before, known := t.byID[id]
	if !known {
		t.mutex.Unlock()
		f.close()
		return unix.EBADF
	}
	if err := t.reserve(f); err != nil {
		t.mutex.Unlock()
		return err
	}
	f.users = 1
	t.byID[id] = f
	t.mutex.Unlock()
	t.release(before)
	return nil
}

// remove frees a name and gives what it stood for, with the function that lets it go.
func (t *fidTable) remove(id uint32) (*fid, func(), error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	f, known := t.byID[id]
	if !known {
		return nil, nil, unix.EBADF
	}
	delete(t.byID, id)
	return f, func() { t.release(f) }, nil
}

// reserve is called with the mutex. The node is closed when there is no room.
func (t *fidTable) reserve(f *fid) error {
	if f.attribute == nil {
		return nil
	}
	if t.attributeBytes+f.attribute.length > mostAttributeBytes {
		f.close()
		return unix.ENOMEM
	}
	t.attributeBytes += f.attribute.length
	return nil
}

func (t *fidTable) clear() {
	t.mutex.Lock()
	all := t.byID
	t.byID = nil
	t.mutex.Unlock()
	for _, f := range all {
		t.release(f)
	}
}

func (t *fidTable) release(f *fid) {
	t.mutex.Lock()
	f.users--
	last := f.users == 0
	if last && f.attribute != nil {
		t.attributeBytes -= f.attribute.length
	}
	t.mutex.Unlock()
	if last {
		f.close()
	}
}

func (f *fid) close() {
	if f.node != nil {
		f.node.Close()
	}
}
