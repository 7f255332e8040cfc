package network

import (
	"log/slog"
	"net/netip"
	"time"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/names"
)

const dnsPort = 53

// dnsPatience is for a member to acknowledge an answer, or the end of a connection.
const dnsPatience = 10 * time.Second

// serveNames answers members' questions at the gateway's addresses.
func (n *Network) serveNames(options names.Options) error {
	n.names = names.New(options)
	n.updateNames()
	for _, gateway := range []netip.Addr{n.spec.Gateway4, n.spec.Gateway6} {
		if !gateway.IsValid() {
			continue
		}
		at := netip.AddrPortFrom(gateway, dnsPort)
		packets, err := n.gateway.ListenUDP(at)
		if err != nil {
			return err
		}
		n.serving.Go(func() { logEnd(n.names.ServePacket(packets)) })
		connections, err := n.gateway.ListenTCP(at, dnsPatience)
		if err != nil {
			return err
		}
		n.serving.Go(func() { logEnd(n.names.ServeListener(connections)) })
	}
	return nil
}

func logEnd(err error) {
	if err != nil {
		slog.Error("the name server ended", "error", err)
	}
}

// updateNames tells the name server who is there.
func (n *Network) updateNames() {
	spec := n.spec
	members := []names.Member{}
	for _, m := range n.list() {
		members = append(members, m.named())
	}
	n.names.Update(names.Network{
		Subnet4: spec.Subnet4, Subnet6: spec.Subnet6, Gateway4: spec.Gateway4, Gateway6: spec.Gateway6,
		Host4: spec.Host4, Host6: spec.Host6, ResolvConf: spec.ResolvConf, Hosts: spec.Hosts,
	}, members)
}

func (m *member) named() names.Member {
	current := m.rules.Load()
	return names.Member{
		ID: m.id, Names: current.names, Address4: m.identity.Address4, Address6: m.identity.Address6,
		Knows: current.knows, Policy: current.policy, Activity: m.activity,
	}
}

func known(spec api.Member) []names.Known {
	list := make([]names.Known, 0, len(spec.Knows))
	for _, entry := range spec.Knows {
		list = append(list, names.Known{Name: entry.Name, Addresses: entry.Addresses})
	}
	return list
}
