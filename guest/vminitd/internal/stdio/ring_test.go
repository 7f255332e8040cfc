package stdio

import (
	"bytes"
	"math/rand"
	"testing"
)

func TestRingAgainstASlice(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	r := ring{limit: RingLimit}
	var all []byte
	for range 3000 {
		piece := make([]byte, min(random.Intn(70_000), r.room()))
		random.Read(piece)
		r.write(piece)
		all = append(all, piece...)
		if r.end != uint64(len(all)) {
			t.Fatalf("end %d, want %d", r.end, len(all))
		}
		r.keepFrom(r.kept + uint64(random.Intn(80_000)))
		if r.base > r.kept || r.kept > r.end {
			t.Fatalf("base %d kept %d end %d", r.base, r.kept, r.end)
		}
		from := r.base + uint64(random.Int63n(int64(r.end-r.base+1)))
		into := make([]byte, random.Intn(100_000))
		offset, count := r.read(from, into)
		if offset != from || !bytes.Equal(into[:count], all[offset:offset+uint64(count)]) {
			t.Fatalf("read(%d) gave %d bytes at %d that differ", from, count, offset)
		}
		if want := min(len(into), int(r.end-from)); count != want {
			t.Fatalf("read %d bytes, want %d", count, want)
		}
	}
	if len(r.buffer) > RingLimit {
		t.Errorf("the buffer has %d bytes", len(r.buffer))
	}
}

func TestRingStaysSmallWhileAllIsStored(t *testing.T) {
	r := ring{limit: RingLimit}
	for range 1000 {
		r.write(make([]byte, smallestRing))
		r.keepFrom(r.end)
	}
	if len(r.buffer) != smallestRing {
		t.Errorf("the buffer has %d bytes", len(r.buffer))
	}
}

func TestRingReadsFromTheOldestByteWhenEarlierOnesAreLost(t *testing.T) {
	r := ring{limit: RingLimit}
	r.write(make([]byte, smallestRing))
	r.keepFrom(r.end)
	r.write([]byte("new"))
	if offset, _ := r.read(0, make([]byte, 1)); offset != 3 {
		t.Errorf("starts at %d", offset)
	}
}
