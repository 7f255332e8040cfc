package policy

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// minKeep is how long an address belongs to a name at least: programs keep what they resolved for longer than DNS says.
	minKeep = 10 * time.Minute
	maxKeep = 24 * time.Hour
	// A guest can ask for a million names; only it suffers when the oldest are forgotten.
	maxPairs       = 8192
	maxNamesOfAddr = 16
	maxAddrsOfName = 1024
)

// memory is which addresses the names have that a container asked for.
type memory struct {
	mu     sync.Mutex
	now    func() time.Time
	byAddr map[netip.Addr]*known
	pairs  int
}

type known struct {
	// The last learnt is the last.
	names []knownName
	holds int
}

type knownName struct {
	name  string
	until time.Time
}

func newMemory() *memory { return &memory{now: time.Now, byAddr: map[netip.Addr]*known{}} }

func (m *memory) learn(name string, addrs []netip.Addr, ttl time.Duration) {
	if name == "" || len(name) > 255 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	until := m.now().Add(min(max(ttl, minKeep), maxKeep))
	for _, addr := range addrs[:min(len(addrs), maxAddrsOfName)] {
		if addr.IsValid() {
			m.note(canonical(addr), name, until)
		}
	}
}

func (m *memory) note(addr netip.Addr, name string, until time.Time) {
	k := m.byAddr[addr]
	if k == nil {
		if m.makeRoom(); m.pairs >= maxPairs {
			return
		}
		k = &known{}
		m.byAddr[addr] = k
	} else if at := slices.IndexFunc(k.names, func(n knownName) bool { return n.name == name }); at >= 0 {
		if before := k.names[at].until; before.After(until) {
			until = before
		}
		k.names = slices.Delete(k.names, at, at+1)
		m.pairs--
	} else if len(k.names) >= maxNamesOfAddr {
		k.names = slices.Delete(k.names, 0, 1)
		m.pairs--
	} else if m.makeRoom(); m.pairs >= maxPairs {
		return
	}
	// Making room may have thrown it out.
	m.byAddr[addr] = k
	k.names = append(k.names, knownName{name, until})
	m.pairs++
}

// makeRoom forgets, when there is no room left, what has expired and the eighth that would expire next.
func (m *memory) makeRoom() {
	if m.pairs < maxPairs {
		return
	}
	var ends []time.Time
	for _, k := range m.byAddr {
		for _, n := range k.names {
			if k.holds == 0 {
				ends = append(ends, n.until)
			}
		}
	}
	if len(ends) == 0 {
		return
	}
	slices.SortFunc(ends, time.Time.Compare)
	limit := ends[(len(ends)-1)/8]
	if now := m.now(); now.After(limit) {
		limit = now
	}
	for addr, k := range m.byAddr {
		if k.holds > 0 {
			continue
		}
		before := len(k.names)
		k.names = slices.DeleteFunc(k.names, func(n knownName) bool { return !n.until.After(limit) })
		m.pairs -= before - len(k.names)
		if len(k.names) == 0 {
			delete(m.byAddr, addr)
		}
	}
}

// valid tells whether a name still has this address.
func (m *memory) valid(k *known, n knownName) bool { return k.holds > 0 || m.now().Before(n.until) }

func (m *memory) anyName(addr netip.Addr, match func(string) bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.byAddr[addr]
	return k != nil && slices.ContainsFunc(k.names, func(n knownName) bool { return m.valid(k, n) && match(n.name) })
}

func (m *memory) nameOf(addr netip.Addr) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.byAddr[addr]; k != nil {
		for _, n := range slices.Backward(k.names) {
			if m.valid(k, n) {
				return n.name
			}
		}
	}
	return ""
}

// hold keeps the names that an address has now; after the release they stay for minKeep, so that a program whose
// connection broke can come back.
func (m *memory) hold(addr netip.Addr) func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.byAddr[addr]
	if k == nil {
		return func() {}
	}
	if k.holds == 0 {
		before, now := len(k.names), m.now()
		k.names = slices.DeleteFunc(k.names, func(n knownName) bool { return !now.Before(n.until) })
		m.pairs -= before - len(k.names)
	}
	k.holds++
	return sync.OnceFunc(func() { m.release(addr, k) })
}

func (m *memory) release(addr netip.Addr, k *known) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k.holds--; k.holds > 0 {
		return
	}
	if len(k.names) == 0 {
		delete(m.byAddr, addr)
		return
	}
	until := m.now().Add(minKeep)
	for i := range k.names {
		if k.names[i].until.Before(until) {
			k.names[i].until = until
		}
	}
}
