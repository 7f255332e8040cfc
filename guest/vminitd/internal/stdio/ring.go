// Package stdio carries the standard streams of the guest's processes.
package stdio

// ring is a window on a stream of bytes: [base, end), in absolute offsets.
//
//	         base        kept          end
//	...-------+-----------+-------------+
//	 lost     |  may be   | must be kept|
//	          |overwritten| (no reader  |
//	                        has stored) |
//
// It starts small and grows to its limit only when bytes that must be kept need the room, so that many quiet
// processes cost little memory.
type ring struct {
	buffer []byte
	base   uint64
	kept   uint64
	end    uint64
	limit  int
}

const (
	smallestRing = 32 << 10
	// RingLimit is how much output is kept for each stream while the host is away.
	RingLimit = 1 << 20
)

// room is how many bytes can be written without losing one that must be kept.
func (r *ring) room() int {
	return r.limit - int(r.end-r.kept)
}

// write appends data, of which there must not be more than room().
func (r *ring) write(data []byte) {
	r.grow(int(r.end-r.kept) + len(data))
	size := uint64(len(r.buffer))
	at := int(r.end % size)
	copied := copy(r.buffer[at:], data)
	copy(r.buffer, data[copied:])
	r.end += uint64(len(data))
	if r.end-r.base > size {
		r.base = r.end - size
	}
}

// read copies bytes from offset on, or from the oldest one when those before are lost. It returns where the bytes
// start and how many they are.
func (r *ring) read(offset uint64, into []byte) (uint64, int) {
	offset = min(max(offset, r.base), r.end)
	count := min(len(into), int(r.end-offset))
	if count == 0 {
		return offset, 0
	}
	at := int(offset % uint64(len(r.buffer)))
	copied := copy(into[:count], r.buffer[at:])
	copy(into[copied:count], r.buffer)
	return offset, count
}

// keepFrom allows everything before offset to be overwritten. Offsets only ever rise.
func (r *ring) keepFrom(offset uint64) {
	r.kept = max(r.kept, min(offset, r.end))
}

// grow makes the buffer hold at least needed bytes, keeping what it holds. Sizes are powers of two times the smallest.
func (r *ring) grow(needed int) {
	if needed <= len(r.buffer) {
		return
	}
	size := max(len(r.buffer), smallestRing)
	for size < needed {
		size *= 2
	}
	larger := make([]byte, size)
	for offset := r.base; offset < r.end; {
		at := int(offset % uint64(size))
		_, count := r.read(offset, larger[at:])
		offset += uint64(count)
	}
	r.buffer = larger
}
