package names

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// health remembers servers that do not answer, so that not every question waits for them.
type health struct {
	mu       sync.Mutex
	troubles map[netip.Addr]trouble
}

type trouble struct {
	failures int
	last     time.Time
}

const (
	// troubled is after how many failures in a row a server is asked last, and avoided for how long.
	troubled = 2
	avoided  = 10 * time.Second
	// resolv.conf may change often, and each time name others.
	maxTroubles = 64
)

// order gives a configuration's servers in the order in which they are to be asked.
func (h *health) order(conf resolvConf) []netip.Addr {
	servers := slices.Clone(conf.servers)
	if conf.rotate && len(servers) > 1 {
		at := rand.IntN(len(servers))
		servers = slices.Concat(servers[at:], servers[:at])
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	isBad := func(server netip.Addr) bool {
		t := h.troubles[server]
		return t.failures >= troubled && time.Since(t.last) < avoided
	}
	rank := func(server netip.Addr) int {
		if isBad(server) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(servers, func(a, b netip.Addr) int { return rank(a) - rank(b) })
	return servers
}

func (h *health) report(server netip.Addr, answered bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if answered {
		delete(h.troubles, server)
		return
	}
	if h.troubles == nil || len(h.troubles) >= maxTroubles {
		h.troubles = map[netip.Addr]trouble{}
	}
	h.troubles[server] = trouble{h.troubles[server].failures + 1, time.Now()}
}
