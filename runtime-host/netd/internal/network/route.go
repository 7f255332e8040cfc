package network

import (
	"net/netip"

	"berth.dev/netd/internal/api"
)

// Policy says what a member may begin.
type Policy interface {
	Destination(address netip.Addr, port uint16, protocol string) bool
	Host(port uint16, protocol string) bool
}

type everything struct{}

func (everything) Destination(netip.Addr, uint16, string) bool { return true }
func (everything) Host(uint16, string) bool                    { return true }

func newRules(api.Member) (*rules, error) { return &rules{policy: everything{}}, nil }

// route decides about what a member begins outside of its network, and says what stands for the destination.
func (n *Network) route(m *member, destination netip.AddrPort, protocol string) ([]netip.AddrPort, bool) {
	address, port := destination.Addr().Unmap(), destination.Port()
	policy := m.rules.Load().policy
	switch {
	case address == n.spec.Host4, n.spec.Host6.IsValid() && address == n.spec.Host6:
		return []netip.AddrPort{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port),
			netip.AddrPortFrom(netip.IPv6Loopback(), port),
		}, policy.Host(port, protocol)
	case n.spec.Subnet4.Contains(address), n.spec.Subnet6.IsValid() && n.spec.Subnet6.Contains(address):
		// Neighbours are reached through the switch. Nobody else is here.
		return nil, false
	default:
		return []netip.AddrPort{netip.AddrPortFrom(address, port)}, policy.Destination(address, port, protocol)
	}
}

func (n *Network) neighbourAllowed(*member, []byte) bool { return true }
