// Package gateway is the network's router: a TCP/IP stack in user space (gVisor's) that has the gateway's and the host's
// addresses, and takes connections for every other address too, so that package forward can make them on the host.
package gateway

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/ethernet"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const nicID tcpip.NICID = 1

// Gateway owns a stack. Close ends it.
type Gateway struct {
	network api.Network
	stack   *stack.Stack
	nic     *nic
	// own are the addresses that are this stack's: of the gateway and of the host.
	own    map[netip.Addr]bool
	echoes func(guest, destination netip.Addr)
}

// New starts a stack for the network; what it sends goes to output.
func New(network api.Network, output func(destination api.MAC, frame *stack.PacketBuffer)) (*Gateway, error) {
	g := &Gateway{network: network, own: map[netip.Addr]bool{}}
	g.stack = stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{
			ipv4.NewProtocol,
			// All addresses are given out by the runtime host: nobody advertises routes, and none can be a duplicate.
			ipv6.NewProtocolWithOptions(ipv6.Options{NDPConfigs: ipv6.NDPConfigurations{}, DADConfigs: stack.DADConfigurations{}}),
			arp.NewProtocol,
		},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
	})
	g.nic = &nic{mac: tcpip.LinkAddress(network.GatewayMAC[:]), mtu: network.MTU, output: output}
	if err := g.configure(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

func (g *Gateway) configure() error {
	if err := g.stack.CreateNIC(nicID, g.nic); err != nil {
		return fmt.Errorf("cannot make the gateway's interface: %s", err)
	}
	if err := setTCPOptions(g.stack); err != nil {
		return err
	}
	for _, address := range []netip.Addr{g.network.Gateway4, g.network.Host4, g.network.Gateway6, g.network.Host6, ethernet.LinkLocal(g.network.GatewayMAC)} {
		if !address.IsValid() {
			continue
		}
		g.own[address] = true
		if err := g.stack.AddProtocolAddress(nicID, protocolAddress(address), stack.AddressProperties{}); err != nil {
			return fmt.Errorf("cannot give the gateway %s: %s", address, err)
		}
	}
	g.stack.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nicID},
		{Destination: header.IPv6EmptySubnet, NIC: nicID},
	})
	// To take what is for any address, and to answer with that address.
	if err := g.stack.SetPromiscuousMode(nicID, true); err != nil {
		return fmt.Errorf("cannot take packets for other addresses: %s", err)
	}
	if err := g.stack.SetSpoofing(nicID, true); err != nil {
		return fmt.Errorf("cannot answer with other addresses: %s", err)
	}
	return nil
}

// Stack is the TCP/IP stack, for those who serve on it.
func (g *Gateway) Stack() *stack.Stack { return g.stack }

// Close ends the stack and every connection in it.
func (g *Gateway) Close() {
	g.stack.Destroy()
}

// Receive takes a frame that a member sent to the gateway or to everybody. It owns the view.
func (g *Gateway) Receive(frame *buffer.View) {
	content := frame.AsSlice()
	protocol := tcpip.NetworkProtocolNumber(binary.BigEndian.Uint16(content[12:14]))
	if !g.concerns(protocol, content[header.EthernetMinimumSize:]) {
		g.refuseEcho(content)
		frame.Release()
		return
	}
	frame.TrimFront(header.EthernetMinimumSize)
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithView(frame)})
	g.nic.dispatcher.DeliverNetworkPacket(protocol, packet)
	packet.DecRef()
}

// concerns keeps from the stack what it would answer in the name of others, since it takes every address for its own:
// who has an address, and echo requests.
func (g *Gateway) concerns(protocol tcpip.NetworkProtocolNumber, packet []byte) bool {
	switch protocol {
	case header.ARPProtocolNumber:
		return g.own[netip.AddrFrom4([4]byte(packet[24:28]))]
	case header.IPv4ProtocolNumber:
		destination := netip.AddrFrom4([4]byte(packet[16:20]))
		return packet[9] != uint8(header.ICMPv4ProtocolNumber) || g.own[destination]
	case header.IPv6ProtocolNumber:
		destination := netip.AddrFrom16([16]byte(packet[24:40]))
		message, isICMP := ethernet.ICMPv6(packet)
		if !isICMP || g.own[destination] {
			return true
		}
		const solicitation = 135
		return destination.IsMulticast() && len(message) >= 24 && message[0] == solicitation && g.own[netip.AddrFrom16([16]byte(message[8:24]))]
	}
	return false
}

// SetNeighbour tells the Ethernet address of a member, so that it needs not be asked for.
func (g *Gateway) SetNeighbour(identity ethernet.Identity) error {
	for _, address := range neighbourAddresses(identity) {
		protocol := protocolAddress(address)
		if err := g.stack.AddStaticNeighbor(nicID, protocol.Protocol, protocol.AddressWithPrefix.Address, tcpip.LinkAddress(identity.MAC[:])); err != nil {
			return fmt.Errorf("cannot tell who has %s: %s", address, err)
		}
	}
	return nil
}

// RemoveNeighbour forgets a member.
func (g *Gateway) RemoveNeighbour(identity ethernet.Identity) {
	for _, address := range neighbourAddresses(identity) {
		protocol := protocolAddress(address)
		// It may have been forgotten already.
		_ = g.stack.RemoveNeighbor(nicID, protocol.Protocol, protocol.AddressWithPrefix.Address)
	}
}

func neighbourAddresses(identity ethernet.Identity) []netip.Addr {
	addresses := []netip.Addr{identity.Address4}
	if identity.Address6.IsValid() {
		addresses = append(addresses, identity.Address6, ethernet.LinkLocal(identity.MAC))
	}
	return addresses
}

func protocolAddress(address netip.Addr) tcpip.ProtocolAddress {
	protocol := ipv4.ProtocolNumber
	if address.Is6() {
		protocol = ipv6.ProtocolNumber
	}
	return tcpip.ProtocolAddress{Protocol: protocol, AddressWithPrefix: tcpip.AddrFromSlice(address.AsSlice()).WithPrefix()}
}

// timeWait is short: between two ends on one machine no segment is late by more.
const timeWait = 5 * time.Second
