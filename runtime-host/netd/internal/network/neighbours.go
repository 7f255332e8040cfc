package network

import (
	"time"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/ethernet"
	"berth.dev/netd/internal/link"
	"berth.dev/netd/internal/policy"
)

// talks is what is remembered of a member's conversations with its neighbours.
type talks struct {
	// answers are the UDP flows that neighbours began, and sent those that the member began; begun the TCP connections
	// that the member began, and cut those of them that its policy has come to forbid.
	answers, sent, begun, cut conversations
}

// port is a member's place at the switch.
type port struct {
	*link.Link
	member *member
}

// Expect implements ethernet.Port: what a neighbour begins may be answered.
func (p *port) Expect(frame []byte) {
	c := ethernet.Parse(frame)
	if c.Kind != ethernet.Datagram {
		return
	}
	// An answer begins nothing: it would keep alive what a policy has come to forbid.
	talks, talk := &p.member.talks, conversation{c.Source, c.Destination}
	if !talks.sent.has(talk) {
		talks.answers.note(talk, time.Now().Add(answerTime))
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
	c := ethernet.Parse(frame)
	talk := conversation{c.Destination, c.Source}
	switch c.Kind {
	case ethernet.Background:
		return true
	case ethernet.TCPBegin:
		if !m.mayBegin(current, c, policy.TCP) {
			m.refuse(frame, c)
			return false
		}
		m.talks.cut.forget(talk)
		m.talks.begun.note(talk, forEver)
		return true
	case ethernet.TCPContinue:
		if current.trustsNeighbours() || !m.talks.cut.has(talk) {
			if c.Ending {
				m.talks.begun.end(talk, time.Now().Add(answerTime))
			}
			return true
		}
		m.refuse(frame, c)
		m.abort(frame, c)
		return false
	case ethernet.Datagram:
		if m.talks.answers.has(talk) {
			m.talks.answers.note(talk, time.Now().Add(answerTime))
			return true
		}
		if !m.mayBegin(current, c, policy.UDP) {
			return false
		}
		m.talks.sent.note(talk, time.Now().Add(answerTime))
		return true
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
	if protocol == policy.TCP {
		m.activity.RecordSyn(activity.Syn{Source: c.Source, Sequence: c.Sequence}, c.Destination, names[0], allowed)
	} else {
		m.activity.Record(address, names[0], c.Destination.Port(), string(protocol), allowed)
	}
	return allowed
}

// refuse answers a TCP segment of the member in the name of whom it was for.
func (m *member) refuse(frame []byte, c ethernet.Conversation) {
	reset := ethernet.Refusal(frame, c)
	defer reset.DecRef()
	m.network.ethernet.FromGateway(m.identity.MAC, reset)
}

// abort tells whom a TCP segment was for that the connection is over.
func (m *member) abort(frame []byte, c ethernet.Conversation) {
	reset := ethernet.Abortion(frame, c)
	defer reset.DecRef()
	m.network.ethernet.FromGateway(c.MAC, reset)
}

// cutForbidden ends the connections with neighbours that the member began and that its policy has come to forbid: the
// next segment of each is answered with a reset.
func (m *member) cutForbidden(current *rules) {
	for _, talk := range m.talks.begun.takeIf(func(talk conversation) bool {
		neighbour := (*m.network.byAddress.Load())[talk.neighbour.Addr()]
		if neighbour == nil {
			// By its link-local address, for which nobody can be named.
			return !current.trustsNeighbours()
		}
		return !current.policy.Neighbour(neighbour.rules.Load().names, talk.neighbour.Addr(), talk.neighbour.Port(), policy.TCP)
	}) {
		m.talks.cut.note(talk, forEver)
	}
}
