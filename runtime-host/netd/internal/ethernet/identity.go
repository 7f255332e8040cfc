// Package ethernet is the network's switch, and what it lets a member say about itself.
package ethernet

import (
	"encoding/binary"
	"net/netip"

	"berth.dev/netd/internal/api"
)

const (
	headerSize = 14

	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeIPv6 = 0x86dd

	protocolICMPv4 = 1
	protocolTCP    = 6
	protocolUDP    = 17
	protocolICMPv6 = 58
)

// Identity is what a member may call itself. A frame that says otherwise is dropped.
type Identity struct {
	MAC       api.MAC
	Address4  netip.Addr
	Address6  netip.Addr
	linkLocal netip.Addr
}

// NewIdentity makes the identity of a member; address6 may be the zero Addr.
func NewIdentity(mac api.MAC, address4, address6 netip.Addr) Identity {
	return Identity{MAC: mac, Address4: address4, Address6: address6, linkLocal: LinkLocal(mac)}
}

// LinkLocal is the IPv6 link-local address that is made of an Ethernet address (RFC 4291, appendix A).
func LinkLocal(mac api.MAC) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff, 12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5]})
}

// Admits says whether a frame is from whom it says it is. Other types than IPv4, IPv6 and ARP are not carried.
func (i *Identity) Admits(frame []byte) bool {
	if len(frame) < headerSize || api.MAC(frame[6:12]) != i.MAC {
		return false
	}
	payload := frame[headerSize:]
	switch binary.BigEndian.Uint16(frame[12:14]) {
	case typeIPv4:
		return i.admitsIPv4(payload)
	case typeARP:
		return i.admitsARP(payload)
	case typeIPv6:
		return i.admitsIPv6(payload)
	default:
		return false
	}
}

func (i *Identity) admitsIPv4(packet []byte) bool {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return false
	}
	return netip.AddrFrom4([4]byte(packet[12:16])) == i.Address4
}

// admitsARP takes only Ethernet and IPv4 (RFC 826), and senders without an address, who ask whether one is taken.
func (i *Identity) admitsARP(packet []byte) bool {
	if len(packet) < 28 || binary.BigEndian.Uint32(packet[0:4]) != 0x0001_0800 || binary.BigEndian.Uint16(packet[4:6]) != 0x0604 {
		return false
	}
	sender := netip.AddrFrom4([4]byte(packet[14:18]))
	return api.MAC(packet[8:14]) == i.MAC && (sender == i.Address4 || sender == netip.IPv4Unspecified())
}

func (i *Identity) admitsIPv6(packet []byte) bool {
	if len(packet) < 40 || packet[0]>>4 != 6 || !i.Address6.IsValid() {
		return false
	}
	source := netip.AddrFrom16([16]byte(packet[8:24]))
	if source != i.Address6 && source != i.linkLocal && source != netip.IPv6Unspecified() {
		return false
	}
	protocol, payload := upperLayer6(packet)
	if protocol == protocolICMPv6 {
		return i.admitsICMPv6(payload)
	}
	return source != netip.IPv6Unspecified()
}

// admitsICMPv6 keeps a member from passing itself off as a router, or as a neighbour (RFC 4861, section 4).
func (i *Identity) admitsICMPv6(message []byte) bool {
	if len(message) < 4 {
		return false
	}
	switch message[0] {
	case 133, 134, 137: // router solicitation, router advertisement, redirect: there is nobody whom they are for
		return false
	case 135: // neighbour solicitation
		return len(message) >= 24 && i.namesOnlyItself(message[24:])
	case 136: // neighbour advertisement
		if len(message) < 24 {
			return false
		}
		target := netip.AddrFrom16([16]byte(message[8:24]))
		return (target == i.Address6 || target == i.linkLocal) && i.namesOnlyItself(message[24:])
	default:
		return true
	}
}

// namesOnlyItself goes through the options of neighbour discovery: a link-layer address must be the member's.
func (i *Identity) namesOnlyItself(options []byte) bool {
	for len(options) > 0 {
		if len(options) < 8 || options[1] == 0 || len(options) < int(options[1])*8 {
			return false
		}
		if (options[0] == 1 || options[0] == 2) && api.MAC(options[2:8]) != i.MAC {
			return false
		}
		options = options[int(options[1])*8:]
	}
	return true
}

// upperLayer6 skips the extension headers of an IPv6 packet. What follows a fragment header is given as it stands, for
// the first fragment; for others, and for what is malformed, the protocol is 0xff.
func upperLayer6(packet []byte) (byte, []byte) {
	const unknown = 0xff
	protocol, payload := packet[6], packet[40:]
	for {
		size := 0
		switch protocol {
		case 0, 43, 60: // hop by hop, routing, destination options
			if len(payload) < 8 {
				return unknown, nil
			}
			size = (int(payload[1]) + 1) * 8
		case 44: // fragment
			if len(payload) < 8 || binary.BigEndian.Uint16(payload[2:4])&0xfff8 != 0 {
				return unknown, nil
			}
			size = 8
		default:
			return protocol, payload
		}
		if len(payload) < size {
			return unknown, nil
		}
		protocol, payload = payload[0], payload[size:]
	}
}

// ICMPv6 finds the ICMPv6 message in an IPv6 packet, behind its extension headers.
func ICMPv6(packet []byte) ([]byte, bool) {
	protocol, payload := upperLayer6(packet)
	return payload, protocol == protocolICMPv6
}
