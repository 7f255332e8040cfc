package network

import (
	"net/netip"
	"sync"
	"time"

	"berth.dev/netd/internal/ethernet"
	"berth.dev/netd/internal/link"
	"berth.dev/netd/internal/policy"
)

const (
	// answerTime is how long a neighbour that was silent since may still be answered by UDP.
	answerTime = 180 * time.Second
	// maxAnswers bounds what neighbours can make us remember for one member.
	maxAnswers = 4096
)

// port is a member's place at the switch.
type port struct {
	*link.Link
	member *member
}

// Expect implements ethernet.Port: what a neighbour begins may be answered.
func (p *port) Expect(frame []byte) {
	if p.member.rules.Load().trustsNeighbours() {
		return
	}
	if c := ethernet.Parse(frame); c.Kind == ethernet.Datagram {
		p.member.answers.expect(conversation{c.Source, c.Destination})
	}
}

func (r *rules) trustsNeighbours() bool {
	mode := r.policy.Mode()
	return mode == policy.Open || mode == policy.Learn
}

// mayReachNeighbours decides about a frame of the member that is for others than the gateway. Restricted members may
// resolve addresses, answer, and begin what their policy lists.
func (m *member) mayReachNeighbours(frame []byte) bool {
	current := m.rules.Load()
	if current.trustsNeighbours() && !current.keepsAllowed() {
		return true
	}
	c := ethernet.Parse(frame)
	switch c.Kind {
	case ethernet.Background, ethernet.TCPContinue:
		return true
	case ethernet.TCPBegin:
		return m.mayBegin(current, c, policy.TCP)
	case ethernet.Datagram:
		return m.answers.expects(conversation{c.Destination, c.Source}) || m.mayBegin(current, c, policy.UDP)
	case ethernet.EchoRequest:
		return m.mayBegin(current, c, policy.ICMP)
	default:
		return current.trustsNeighbours()
	}
}

// mayBegin counts the attempt. A packet for many is for nobody whom a policy could name.
func (m *member) mayBegin(current *rules, c ethernet.Conversation, protocol policy.Protocol) bool {
	address := c.Destination.Addr()
	neighbour := (*m.network.byAddress.Load())[address]
	if neighbour == nil || neighbour.identity.MAC != c.MAC {
		return current.trustsNeighbours()
	}
	names := neighbour.rules.Load().names
	allowed := current.policy.Neighbour(names, address, c.Destination.Port(), protocol)
	m.activity.Record(address, names[0], c.Destination.Port(), string(protocol), allowed)
	return allowed
}

// conversation is between a neighbour's end and one of the member.
type conversation struct {
	neighbour, own netip.AddrPort
}

// answers remembers what neighbours began, until when it may be answered.
type answers struct {
	mu    sync.Mutex
	until map[conversation]time.Time
}

func (a *answers) expect(c conversation) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until == nil {
		a.until = map[conversation]time.Time{}
	}
	if _, known := a.until[c]; !known && len(a.until) >= maxAnswers {
		a.makeRoom(now)
	}
	a.until[c] = now.Add(answerTime)
}

// makeRoom forgets what is over, or else anything.
func (a *answers) makeRoom(now time.Time) {
	for c, until := range a.until {
		if until.Before(now) {
			delete(a.until, c)
		}
	}
	for c := range a.until {
		if len(a.until) < maxAnswers {
			return
		}
		delete(a.until, c)
	}
}

func (a *answers) expects(c conversation) bool {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if until, known := a.until[c]; !known || until.Before(now) {
		return false
	}
	a.until[c] = now.Add(answerTime)
	return true
}
