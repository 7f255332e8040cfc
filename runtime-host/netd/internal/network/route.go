package network

import (
	"net/netip"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/names"
	"berth.dev/netd/internal/policy"
)

// hostName is by which the host's alias is counted.
const hostName = "host.berth.internal"

// rules are what may change while a member lives.
type rules struct {
	policy *policy.Policy
	// names are those by which neighbours find the member.
	names []string
	knows []names.Known
}

func newRules(spec api.Member) (*rules, error) {
	compiled, err := policy.Compile(spec.Policy.Mode, spec.Policy.Allow)
	if err != nil {
		return nil, err
	}
	called := append([]string{spec.Name}, spec.Aliases...)
	if spec.Hostname != "" {
		called = append(called, spec.Hostname)
	}
	return &rules{policy: compiled, names: called, knows: known(spec)}, nil
}

func (r *rules) keepsAllowed() bool { return r.policy.Mode() == policy.Learn }

// Route implements forward.Owner.
func (m *member) Route(destination netip.AddrPort, protocol string) ([]netip.AddrPort, bool) {
	return m.network.decide(m.rules.Load(), destination, protocol)
}

// Count implements forward.Owner.
func (m *member) Count(destination netip.AddrPort, protocol string) {
	name, allowed := m.judge(destination, protocol)
	m.activity.Record(destination.Addr(), name, destination.Port(), protocol, allowed)
}

// CountSyn implements forward.Owner.
func (m *member) CountSyn(source, destination netip.AddrPort, sequence uint32) {
	name, allowed := m.judge(destination, "tcp")
	m.activity.RecordSyn(activity.Syn{Source: source, Sequence: sequence}, destination, name, allowed)
}

// judge says by which name a destination is counted, and how.
func (m *member) judge(destination netip.AddrPort, protocol string) (name string, allowed bool) {
	current := m.rules.Load()
	_, allowed = m.network.decide(current, destination, protocol)
	if m.network.isHost(destination.Addr()) {
		return hostName, allowed
	}
	return current.policy.NameOf(destination.Addr()), allowed
}

// countEcho counts an echo request to the outside.
func (n *Network) countEcho(guest, destination netip.Addr) {
	if m := (*n.byAddress.Load())[guest]; m != nil {
		m.Count(netip.AddrPortFrom(destination, 0), string(policy.ICMP))
	}
}

// decide says whether something may be begun outside of the network, and what stands for the destination.
func (n *Network) decide(current *rules, destination netip.AddrPort, protocol string) ([]netip.AddrPort, bool) {
	address, port := destination.Addr().Unmap(), destination.Port()
	switch {
	case n.isHost(address):
		return []netip.AddrPort{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port),
			netip.AddrPortFrom(netip.IPv6Loopback(), port),
		}, current.policy.Host(port, policy.Protocol(protocol))
	case n.spec.Subnet4.Contains(address), n.spec.Subnet6.IsValid() && n.spec.Subnet6.Contains(address):
		// Neighbours are reached through the switch. Nobody else is here.
		return nil, false
	default:
		return []netip.AddrPort{netip.AddrPortFrom(address, port)}, current.policy.Destination(address, port, policy.Protocol(protocol))
	}
}

func (n *Network) isHost(address netip.Addr) bool {
	address = address.Unmap()
	return address == n.spec.Host4 || n.spec.Host6.IsValid() && address == n.spec.Host6
}
