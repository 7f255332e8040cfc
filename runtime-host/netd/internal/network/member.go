package network

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/ethernet"
	"berth.dev/netd/internal/link"
	"berth.dev/netd/internal/publish"
	"berth.dev/netd/internal/relay"
	"gvisor.dev/gvisor/pkg/buffer"
)

// member is one container's end of the network. Its identity never changes: who gets another address is another member.
type member struct {
	id       string
	network  *Network
	identity ethernet.Identity
	rules    atomic.Pointer[rules]
	flows    relay.Set
	ports    *publish.Publisher
	activity *activity.Recorder
	spoofed  atomic.Uint64
	talks    talks
	// lost are the frames that were dropped on links before the present one.
	lost atomic.Uint64

	mu   sync.Mutex
	link *link.Link
	// refusal is a connection of which nothing is read (see refuseLocked).
	refusal *net.UnixConn
	closed  bool
}

// Flows implements forward.Owner.
func (m *member) Flows() int { return m.flows.Len() }

// Begin implements forward.Owner.
func (m *member) Begin(flow relay.Flow, destination relay.Destination) (end func(), ok bool) {
	if !m.flows.Add(flow, destination) {
		return nil, false
	}
	// The policy may have become tighter since it was asked: a destination may take long to answer.
	if _, allowed := m.network.decide(m.rules.Load(), destination.Address, destination.Protocol); !allowed {
		flow.Abort()
	}
	// What DNS said about the address holds at least as long as the flow.
	release := m.rules.Load().policy.Hold(destination.Address.Addr())
	return func() {
		m.flows.Remove(flow)
		release()
	}, true
}

// connect links the member with its QEMU, unless it is linked with that one already.
func (m *member) connect(ctx context.Context, wanted api.Link) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	socket := wanted.Socket
	if m.link != nil && m.link.Socket() == socket && !ended(m.link) {
		return nil
	}
	if m.closed {
		return unknown(m.id)
	}
	m.disconnectLocked()
	if wanted.Refuse {
		return m.refuseLocked(ctx, socket)
	}
	fresh, err := link.Dial(ctx, socket, m.network.spec.MTU, m.receive)
	if err != nil {
		return &api.Error{Status: 502, Code: "LinkFailed", Message: "cannot connect with the machine: " + err.Error()}
	}
	m.link = fresh
	m.network.ethernet.Set(m.identity.MAC, &port{Link: fresh, member: m})
	m.network.events.link(m.id, true)
	fresh.Start(func(reason error) { m.network.linkEnded(m, reason) })
	return nil
}

// refuseLocked makes every write of QEMU's fail. A QEMU whose connection was lost within a frame would send the rest of it
// first on the next one (QEMU 7.2, net/stream.c: only a write that fails, or is complete, makes it begin a frame anew).
func (m *member) refuseLocked(ctx context.Context, socket string) error {
	conn, err := link.Connect(ctx, socket)
	if err == nil {
		m.refusal = conn
		err = m.refusal.CloseRead()
	}
	if err != nil {
		return &api.Error{Status: 502, Code: "LinkFailed", Message: "cannot connect with the machine: " + err.Error()}
	}
	return nil
}

func ended(l *link.Link) bool {
	select {
	case <-l.Ended():
		return true
	default:
		return false
	}
}

// disconnectLocked ends the link. The switch may go on to have it, where it drops everything.
func (m *member) disconnectLocked() {
	if m.refusal != nil {
		// Nothing was sent over it that could be lost.
		_ = m.refusal.Close()
		m.refusal = nil
	}
	if m.link != nil {
		m.link.Close()
		m.lost.Add(m.link.Dropped())
		m.link = nil
	}
}

// receive takes what the guest sent.
func (m *member) receive(frame *buffer.View) {
	if !m.identity.Admits(frame.AsSlice()) {
		m.spoofed.Add(1)
		frame.Release()
		return
	}
	m.network.ethernet.FromMember(m.identity.MAC, frame, m.mayReachNeighbours)
}

func (m *member) linked() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.link != nil && !ended(m.link)
}

func (m *member) status() api.MemberStatus {
	m.mu.Lock()
	dropped := m.lost.Load() + m.spoofed.Load()
	if m.link != nil {
		dropped += m.link.Dropped()
	}
	linked := m.link != nil && !ended(m.link)
	m.mu.Unlock()
	return api.MemberStatus{ID: m.id, Linked: linked, Ports: m.ports.Ports(), DroppedFrames: dropped, Activity: m.activity.Snapshot()}
}

// close ends everything of the member.
func (m *member) close() {
	var all sync.WaitGroup
	all.Go(m.ports.Close)
	all.Go(m.flows.Close)
	all.Wait()
	// Last, so that the guest still hears of the connections' ends.
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.network.ethernet.Set(m.identity.MAC, nil)
	m.disconnectLocked()
	m.network.gateway.RemoveNeighbour(m.identity)
}
