// Package network is a whole network: its switch, its gateway and its members.
package network

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/ethernet"
	"berth.dev/netd/internal/forward"
	"berth.dev/netd/internal/gateway"
	"berth.dev/netd/internal/names"
	"berth.dev/netd/internal/publish"
	"berth.dev/netd/internal/relay"
	"gvisor.dev/gvisor/pkg/buffer"
)

// Network is what PUT /v1/network made. Close ends it.
type Network struct {
	spec      api.Network
	ethernet  *ethernet.Switch
	gateway   *gateway.Gateway
	forwarder *forward.Forwarder
	events    *Events
	news      *news
	names     *names.Server
	// serving are the goroutines of the name server.
	serving sync.WaitGroup

	// changes come one at a time.
	changes sync.Mutex
	mu      sync.Mutex
	members map[string]*member
	// byAddress is for the data path.
	byAddress atomic.Pointer[map[netip.Addr]*member]
}

// New starts a network without members.
func New(spec api.Network, events *Events) (*Network, error) {
	return newWithNames(spec, events, names.Options{})
}

func newWithNames(spec api.Network, events *Events, options names.Options) (*Network, error) {
	n := &Network{spec: spec, events: events, members: map[string]*member{}}
	n.byAddress.Store(&map[netip.Addr]*member{})
	n.ethernet = ethernet.NewSwitch(spec.GatewayMAC, func(frame *buffer.View) { n.gateway.Receive(frame) })
	var err error
	if n.gateway, err = gateway.New(spec, n.ethernet.FromGateway); err != nil {
		return nil, err
	}
	n.gateway.SetEchoes(n.countEcho)
	n.forwarder = forward.New(n.gateway, n.owner)
	n.news = tellNews(n)
	if err := n.serveNames(options); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Network) owner(address netip.Addr) forward.Owner {
	if m := (*n.byAddress.Load())[address]; m != nil {
		return m
	}
	return nil
}

// Spec is what the network was made with.
func (n *Network) Spec() api.Network { return n.spec }

// Close ends all members and the network.
func (n *Network) Close() {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.forwarder.Close()
	n.names.Close()
	n.serving.Wait()
	for _, m := range n.list() {
		n.drop(m)
	}
	n.gateway.Close()
	n.news.close()
}

// Put adds a member or changes it. On an error everything is as it was.
func (n *Network) Put(id string, spec api.Member) (api.MemberStatus, error) {
	n.changes.Lock()
	defer n.changes.Unlock()
	if err := spec.Validate(&n.spec); err != nil {
		return api.MemberStatus{}, err
	}
	next, err := newRules(spec)
	if err != nil {
		return api.MemberStatus{}, &api.Error{Status: 400, Code: "Invalid", Message: err.Error()}
	}
	identity := ethernet.NewIdentity(spec.MAC, spec.Address4, spec.Address6)
	if err := n.collision(id, identity); err != nil {
		return api.MemberStatus{}, err
	}
	known := n.find(id)
	if known != nil && known.identity != identity {
		n.drop(known)
		known = nil
	}
	if known != nil {
		return n.change(known, spec, next)
	}
	return n.add(id, identity, spec, next)
}

// collision: no two members have an address in common.
func (n *Network) collision(id string, identity ethernet.Identity) error {
	for _, other := range n.list() {
		if other.id == id {
			continue
		}
		same := other.identity.MAC == identity.MAC || other.identity.Address4 == identity.Address4 ||
			identity.Address6.IsValid() && other.identity.Address6 == identity.Address6
		if same {
			return &api.Error{Status: 409, Code: "AddressInUse", Message: "member " + other.id + " has this address"}
		}
	}
	return nil
}

func (n *Network) add(id string, identity ethernet.Identity, spec api.Member, next *rules) (api.MemberStatus, error) {
	m := &member{id: id, network: n, identity: identity, ports: publish.New(n.gateway, identity.Address4)}
	m.activity = activity.New(next.keepsAllowed(), n.news.wake)
	m.rules.Store(next)
	if err := n.gateway.SetNeighbour(identity); err != nil {
		return api.MemberStatus{}, err
	}
	if _, err := m.ports.Update(spec.Ports); err != nil {
		n.gateway.RemoveNeighbour(identity)
		return api.MemberStatus{}, err
	}
	n.mu.Lock()
	n.members[id] = m
	n.index()
	n.mu.Unlock()
	n.updateNames()
	return m.status(), nil
}

func (n *Network) change(m *member, spec api.Member, next *rules) (api.MemberStatus, error) {
	if _, err := m.ports.Update(spec.Ports); err != nil {
		return api.MemberStatus{}, err
	}
	next.policy.Inherit(m.rules.Load().policy)
	m.activity.KeepAllowed(next.keepsAllowed())
	m.rules.Store(next)
	n.updateNames()
	m.cutForbidden(next)
	m.flows.AbortIf(func(destination relay.Destination) bool {
		_, allowed := n.decide(next, destination.Address, destination.Protocol)
		return !allowed
	})
	return m.status(), nil
}

// index is called with mu held.
func (n *Network) index() {
	byAddress := map[netip.Addr]*member{}
	for _, m := range n.members {
		byAddress[m.identity.Address4] = m
		if m.identity.Address6.IsValid() {
			byAddress[m.identity.Address6] = m
		}
	}
	n.byAddress.Store(&byAddress)
}

// Remove ends a member; it may be unknown.
func (n *Network) Remove(id string) {
	n.changes.Lock()
	defer n.changes.Unlock()
	if m := n.find(id); m != nil {
		n.drop(m)
	}
}

func (n *Network) drop(m *member) {
	n.mu.Lock()
	delete(n.members, m.id)
	n.index()
	n.mu.Unlock()
	n.updateNames()
	m.close()
}

// Connect links a member with its QEMU, or refuses what its QEMU has begun to send to an earlier netd.
func (n *Network) Connect(ctx context.Context, id string, wanted api.Link) error {
	m := n.find(id)
	if m == nil {
		return unknown(id)
	}
	return m.connect(ctx, wanted)
}

func (n *Network) linkEnded(m *member, reason error) {
	if reason != nil && !errors.Is(reason, io.EOF) {
		slog.Info("a link ended", "member", m.id, "reason", reason)
	}
	n.events.link(m.id, false)
}

// Status tells about one member.
func (n *Network) Status(id string) (api.MemberStatus, error) {
	if m := n.find(id); m != nil {
		return m.status(), nil
	}
	return api.MemberStatus{}, unknown(id)
}

// Members tells about all members, in the order of their ids.
func (n *Network) Members() []api.MemberStatus {
	list := []api.MemberStatus{}
	for _, m := range n.list() {
		list = append(list, m.status())
	}
	slices.SortFunc(list, func(a, b api.MemberStatus) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Counts tells how many members there are, and how many are linked.
func (n *Network) Counts() (members, linked int) {
	for _, m := range n.list() {
		members++
		if m.linked() {
			linked++
		}
	}
	return members, linked
}

func (n *Network) find(id string) *member {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.members[id]
}

func (n *Network) list() []*member {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]*member, 0, len(n.members))
	for _, m := range n.members {
		list = append(list, m)
	}
	return list
}

func unknown(id string) error {
	return &api.Error{Status: 404, Code: "MemberUnknown", Message: "there is no member " + id}
}
