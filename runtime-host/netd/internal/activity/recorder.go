// Package activity counts what one container began or tried to begin, for people to see and to make allow lists of.
package activity

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// maxEntries bounds what one container can make us keep.
	maxEntries = 1000
	// rememberedSyns is how many of the last attempts of one container are known again.
	rememberedSyns = 256
)

// The verdicts of an entry.
const (
	Allowed = "allowed"
	Denied  = "denied"
)

// Entry is how often something was begun. Destination is empty for names that were asked for (protocol "dns").
type Entry struct {
	Destination string    `json:"destination"`
	Name        string    `json:"name,omitempty"`
	Port        uint16    `json:"port"`
	Protocol    string    `json:"protocol"`
	Verdict     string    `json:"verdict"`
	Count       uint64    `json:"count"`
	LastAt      time.Time `json:"lastAt"`
}

type key struct {
	destination netip.Addr
	name        string
	port        uint16
	protocol    string
	allowed     bool
}

type count struct {
	key     key
	count   uint64
	lastAt  time.Time
	changed bool
}

// Syn tells one attempt to connect by TCP from the next. A guest that has no answer yet repeats a SYN as it was.
type Syn struct {
	Source   netip.AddrPort
	Sequence uint32
}

type seenSyn struct {
	syn Syn
	key key
}

// Recorder keeps the activity of one container. All methods are safe for concurrent use.
type Recorder struct {
	mu      sync.Mutex
	allowed bool
	byKey   map[key]*count
	// In the order of their first time.
	counts []*count
	missed uint64
	wake   func()
	// In turn; the next one takes the place of the oldest.
	syns    [rememberedSyns]seenSyn
	nextSyn int
}

// New makes a recorder. It keeps what was allowed, too, if allowed; wake, if any, is called outside of locks when
// something changed after a call of Changed.
func New(allowed bool, wake func()) *Recorder {
	return &Recorder{allowed: allowed, byKey: map[key]*count{}, wake: wake}
}

// KeepAllowed says whether what is allowed is kept from now on. What is there stays.
func (r *Recorder) KeepAllowed(allowed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.allowed = allowed
}

// Record counts one attempt. dest may be invalid, name empty, where they mean nothing; at most 1000 distinct ones are kept.
func (r *Recorder) Record(dest netip.Addr, name string, port uint16, proto string, allowed bool) {
	r.recordAttempt(key{dest, name, port, proto, allowed}, Syn{})
}

// RecordSyn counts an attempt to connect by TCP, as Record does, but one that is repeated only once.
func (r *Recorder) RecordSyn(syn Syn, dest netip.AddrPort, name string, allowed bool) {
	r.recordAttempt(key{dest.Addr(), name, dest.Port(), "tcp", allowed}, syn)
}

func (r *Recorder) recordAttempt(k key, syn Syn) {
	if r.record(k, syn) && r.wake != nil {
		r.wake()
	}
}

// record is true when an entry has changed for the first time since Changed.
func (r *Recorder) record(k key, syn Syn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.allowed && !r.allowed || r.repeated(k, syn) {
		return false
	}
	c := r.byKey[k]
	if c == nil {
		if len(r.counts) >= maxEntries {
			r.missed++
			return false
		}
		c = &count{key: k}
		r.byKey[k] = c
		r.counts = append(r.counts, c)
	}
	c.count++
	c.lastAt = time.Now()
	news := !c.changed
	c.changed = true
	return news
}

// repeated says whether this very SYN was counted before, and remembers it.
func (r *Recorder) repeated(k key, syn Syn) bool {
	if syn == (Syn{}) {
		return false
	}
	seen := seenSyn{syn, k}
	if slices.Contains(r.syns[:], seen) {
		return true
	}
	r.syns[r.nextSyn] = seen
	r.nextSyn = (r.nextSyn + 1) % rememberedSyns
	return false
}

// Snapshot is everything that is kept, in the order of its first time.
func (r *Recorder) Snapshot() []Entry { return r.entries(false) }

// Changed is what has changed since it was last called.
func (r *Recorder) Changed() []Entry { return r.entries(true) }

// Missed is how many attempts were not counted because there were too many distinct ones.
func (r *Recorder) Missed() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.missed
}

func (r *Recorder) entries(changed bool) []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := []Entry{}
	for _, c := range r.counts {
		if changed && !c.changed {
			continue
		}
		c.changed = c.changed && !changed
		result = append(result, c.entry())
	}
	return result
}

func (c *count) entry() Entry {
	e := Entry{
		Name: c.key.name, Port: c.key.port, Protocol: c.key.protocol,
		Verdict: Denied, Count: c.count, LastAt: c.lastAt.UTC(),
	}
	if c.key.destination.IsValid() {
		e.Destination = c.key.destination.String()
	}
	if c.key.allowed {
		e.Verdict = Allowed
	}
	return e
}
