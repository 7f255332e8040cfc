package gateway

import (
	"encoding/binary"
	"net/netip"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/ethernet"
	"berth.dev/netd/internal/link"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// quoted is how much of a packet comes back in an error about it: its IP header and what says which packet it was.
const quoted = 8

// SetEchoes says who counts the echo requests that are for somebody outside. To be called before there are members.
func (g *Gateway) SetEchoes(count func(guest, destination netip.Addr)) { g.echoes = count }

// refuseEcho answers an echo request for somebody outside: the sockets of an ordinary user carry none. Everything else
// that does not concern the stack is dropped in silence.
func (g *Gateway) refuseEcho(frame []byte) {
	c := ethernet.Parse(frame)
	if c.Kind != ethernet.EchoRequest || c.Destination.Addr().IsMulticast() || g.echoes == nil {
		return
	}
	g.echoes(c.Source.Addr(), c.Destination.Addr())
	source := g.network.Gateway4
	if c.Source.Addr().Is6() {
		source = g.network.Gateway6
	}
	guest := api.MAC(frame[6:12])
	answer := prohibited(g.network.GatewayMAC, guest, source, c.Source.Addr(), frame[header.EthernetMinimumSize:])
	defer answer.DecRef()
	g.nic.output(guest, answer)
}

// prohibited says that a packet may not go where it wants to (RFC 1812, section 5.2.7.1; RFC 4443, section 3.1). It begins
// with its length.
func prohibited(from, to api.MAC, source, destination netip.Addr, packet []byte) *stack.PacketBuffer {
	ip, protocol := header.IPv4MinimumSize, header.IPv4ProtocolNumber
	quote := int(packet[0]&0xf)*4 + quoted
	if source.Is6() {
		ip, protocol = header.IPv6MinimumSize, header.IPv6ProtocolNumber
		quote = header.IPv6MinimumSize + quoted
	}
	quote = min(quote, len(packet))
	const icmp = header.ICMPv4MinimumSize // ICMPv6 has the same
	bytes := make([]byte, prefixSize+ip+icmp+quote)
	copy(bytes[prefixSize+ip+icmp:], packet[:quote])
	binary.BigEndian.PutUint32(bytes, uint32(len(bytes)-link.PrefixSize))
	header.Ethernet(bytes[link.PrefixSize:]).Encode(&header.EthernetFields{
		SrcAddr: tcpip.LinkAddress(from[:]), DstAddr: tcpip.LinkAddress(to[:]), Type: protocol,
	})
	sender, receiver := tcpip.AddrFromSlice(source.AsSlice()), tcpip.AddrFromSlice(destination.AsSlice())
	message := bytes[prefixSize+ip:]
	if source.Is6() {
		header.IPv6(bytes[prefixSize:]).Encode(&header.IPv6Fields{
			PayloadLength: uint16(len(message)), TransportProtocol: header.ICMPv6ProtocolNumber, HopLimit: 64, SrcAddr: sender, DstAddr: receiver,
		})
		error6 := header.ICMPv6(message)
		error6.SetType(header.ICMPv6DstUnreachable)
		error6.SetCode(header.ICMPv6Prohibited)
		error6.SetChecksum(header.ICMPv6Checksum(header.ICMPv6ChecksumParams{Header: error6, Src: sender, Dst: receiver}))
	} else {
		outer := header.IPv4(bytes[prefixSize:])
		outer.Encode(&header.IPv4Fields{
			TotalLength: uint16(ip + len(message)), TTL: 64, Protocol: uint8(header.ICMPv4ProtocolNumber), SrcAddr: sender, DstAddr: receiver,
		})
		outer.SetChecksum(^outer.CalculateChecksum())
		error4 := header.ICMPv4(message)
		error4.SetType(header.ICMPv4DstUnreachable)
		error4.SetCode(header.ICMPv4AdminProhibited)
		error4.SetChecksum(^checksum.Checksum(message, 0))
	}
	return stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(bytes)})
}
