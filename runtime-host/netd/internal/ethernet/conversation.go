package ethernet

import (
	"encoding/binary"
	"net/netip"

	"berth.dev/netd/internal/api"
)

// Kind is what a frame does, as far as it matters who began it.
type Kind int

// The kinds of frames. Opaque is what cannot be told apart: fragments, protocols that are not known, malformed packets.
const (
	Opaque Kind = iota
	// Background is address resolution, what reports errors, and echo replies.
	Background
	TCPBegin
	TCPContinue
	Datagram
	EchoRequest
)

// Conversation is what a frame says about the ends between which it goes.
type Conversation struct {
	Kind        Kind
	MAC         api.MAC // of the destination
	Source      netip.AddrPort
	Destination netip.AddrPort
	// Sequence is that of a TCP segment.
	Sequence uint32
	// Ending is with a TCP segment after which its sender sends no more.
	Ending bool
}

// Parse reads an admitted frame.
func Parse(frame []byte) Conversation {
	c := Conversation{MAC: api.MAC(frame[:6])}
	payload := frame[headerSize:]
	switch binary.BigEndian.Uint16(frame[12:14]) {
	case typeARP:
		c.Kind = Background
	case typeIPv4:
		c.parseIPv4(payload)
	case typeIPv6:
		c.parseIPv6(payload)
	}
	return c
}

func (c *Conversation) parseIPv4(packet []byte) {
	size := int(packet[0]&0xf) * 4
	source, destination := netip.AddrFrom4([4]byte(packet[12:16])), netip.AddrFrom4([4]byte(packet[16:20]))
	const moreOrOffset = 0x3fff
	if size < 20 || len(packet) < size || binary.BigEndian.Uint16(packet[6:8])&moreOrOffset != 0 {
		return
	}
	const echoRequest = 8
	c.parseUpper(packet[9], packet[size:], source, destination, protocolICMPv4, echoRequest)
}

func (c *Conversation) parseIPv6(packet []byte) {
	source, destination := netip.AddrFrom16([16]byte(packet[8:24])), netip.AddrFrom16([16]byte(packet[24:40]))
	if hasFragmentHeader(packet) {
		return
	}
	protocol, payload := upperLayer6(packet)
	const echoRequest = 128
	c.parseUpper(protocol, payload, source, destination, protocolICMPv6, echoRequest)
}

func (c *Conversation) parseUpper(protocol byte, payload []byte, source, destination netip.Addr, icmp, echoRequest byte) {
	c.Source, c.Destination = netip.AddrPortFrom(source, 0), netip.AddrPortFrom(destination, 0)
	switch {
	case protocol == icmp && len(payload) >= 8:
		switch {
		case payload[0] == echoRequest:
			c.Kind = EchoRequest
		case isBackground(protocol, payload[0]):
			c.Kind = Background
		}
		return
	case protocol == protocolTCP && len(payload) >= 20:
		const fin, syn, rst, ack = 1, 2, 4, 16
		c.Kind, c.Ending = TCPContinue, payload[13]&(fin|rst) != 0
		c.Sequence = binary.BigEndian.Uint32(payload[4:8])
		if payload[13]&(syn|ack) == syn {
			c.Kind = TCPBegin
		}
	case protocol == protocolUDP && len(payload) >= 8:
		c.Kind = Datagram
	default:
		return
	}
	c.Source = netip.AddrPortFrom(source, binary.BigEndian.Uint16(payload[0:2]))
	c.Destination = netip.AddrPortFrom(destination, binary.BigEndian.Uint16(payload[2:4]))
}

// isBackground knows the messages of ICMP that ask nobody for anything but an address. The others begin something, as
// those do that want to know a neighbour's clock or names.
func isBackground(protocol, kind byte) bool {
	if protocol == protocolICMPv4 {
		// Echo reply, unreachable, time exceeded, parameter problem.
		return kind == 0 || kind == 3 || kind == 11 || kind == 12
	}
	// Errors, echo reply, groups, neighbour discovery, groups again.
	return kind >= 1 && kind <= 4 || kind >= 129 && kind <= 132 || kind == 135 || kind == 136 || kind == 143
}

// hasFragmentHeader looks along the chain of extension headers.
func hasFragmentHeader(packet []byte) bool {
	protocol, payload := packet[6], packet[40:]
	for {
		switch protocol {
		case 44:
			return true
		case 0, 43, 60:
			if len(payload) < 8 || len(payload) < (int(payload[1])+1)*8 {
				return false
			}
			protocol, payload = payload[0], payload[(int(payload[1])+1)*8:]
		default:
			return false
		}
	}
}
