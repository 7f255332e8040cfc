package api

import (
	"fmt"
	"net/netip"
	"strings"
)

const (
	minimumMTU = 1280 // RFC 8200, section 5
	maximumMTU = 65521
)

// Validate says what is wrong with a network, if something is.
func (n *Network) Validate() error {
	switch {
	case n.Name == "":
		return invalid("a network needs a name")
	case !n.Subnet4.IsValid() || !n.Subnet4.Addr().Is4() || n.Subnet4.Bits() > 30:
		return invalid("subnet4 must be an IPv4 prefix of at most 30 bits")
	case n.Subnet4 != n.Subnet4.Masked():
		return invalid("subnet4 %s has bits beyond its prefix", n.Subnet4)
	case n.MTU < minimumMTU || n.MTU > maximumMTU:
		return invalid("mtu must be from %d to %d", minimumMTU, maximumMTU)
	case n.GatewayMAC[0]&1 != 0 || n.GatewayMAC == MAC{}:
		return invalid("gatewayMac must be the address of one station")
	}
	if err := inSubnet(n.Subnet4, map[string]netip.Addr{"gateway4": n.Gateway4, "host4": n.Host4}); err != nil {
		return err
	}
	if !n.Subnet6.IsValid() {
		n.Gateway6, n.Host6 = netip.Addr{}, netip.Addr{}
		return nil
	}
	if !n.Subnet6.Addr().Is6() || n.Subnet6.Addr().Is4In6() || n.Subnet6 != n.Subnet6.Masked() {
		return invalid("subnet6 must be an IPv6 prefix")
	}
	return inSubnet(n.Subnet6, map[string]netip.Addr{"gateway6": n.Gateway6, "host6": n.Host6})
}

func inSubnet(subnet netip.Prefix, addresses map[string]netip.Addr) error {
	for name, address := range addresses {
		if !subnet.Contains(address) {
			return invalid("%s must be in %s", name, subnet)
		}
	}
	return nil
}

// Validate says what is wrong with a member of the network, if something is.
func (m *Member) Validate(network *Network) error {
	switch {
	case m.Name == "":
		return invalid("a member needs a name")
	case m.MAC[0]&1 != 0 || m.MAC == MAC{} || m.MAC == network.GatewayMAC:
		return invalid("mac %s must be the address of one station, and not the gateway's", m.MAC)
	case !network.Subnet4.Contains(m.Address4) || m.Address4 == network.Gateway4 || m.Address4 == network.Host4:
		return invalid("address4 must be a free address of %s", network.Subnet4)
	case m.Address6.IsValid() && (!network.Subnet6.IsValid() || !network.Subnet6.Contains(m.Address6) || m.Address6 == network.Gateway6 || m.Address6 == network.Host6):
		return invalid("address6 must be a free address of the network's IPv6 subnet")
	}
	for _, port := range m.Ports {
		if err := port.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (p Port) validate() error {
	if p.Protocol != "tcp" && p.Protocol != "udp" {
		return invalid("protocol of a port must be tcp or udp, not %q", p.Protocol)
	}
	if p.ContainerPort == 0 {
		return invalid("containerPort must be from 1 to 65535")
	}
	if p.HostAddress == "" {
		return nil
	}
	if _, err := netip.ParseAddr(p.HostAddress); err != nil || strings.Contains(p.HostAddress, "%") {
		return invalid("hostAddress %q is no IP address", p.HostAddress)
	}
	return nil
}

func invalid(format string, values ...any) error {
	return &Error{Status: 400, Code: "Invalid", Message: fmt.Sprintf(format, values...)}
}
