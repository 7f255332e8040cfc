package policy

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// special are ranges that lead to the host itself, to its own links, or to credentials, the narrow ones first. Each is
// opened only by entries that lie within it: 0.0.0.0/0 does not open the loopback, nor 169.254.0.0/16 the metadata.
var special = prefixes(
	// Where clouds hand out credentials: AWS, Azure, Google and others; AWS by IPv6, its pods', Google by IPv6,
	// Alibaba, Azure's host, Oracle's.
	"169.254.169.254/32", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128",
	"100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
	// This host, loopback, link-local, multicast, reserved and broadcast.
	"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
	"::/128", "::1/128", "fe80::/10", "ff00::/8",
)

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96")
	nat64Local = netip.MustParsePrefix("64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32")
	compatible = netip.MustParsePrefix("::/96")
	translated = netip.MustParsePrefix("::ffff:0:0:0/96")
)

func prefixes(texts ...string) []netip.Prefix {
	result := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		result = append(result, netip.MustParsePrefix(text))
	}
	return result
}

// canonical is the one form in which an address is looked up: IPv4 where it is IPv4 in IPv6's clothes (mapped, or NAT64's
// well-known prefix), and without a zone.
func canonical(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if nat64.Contains(addr) {
		bytes := addr.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return addr
}

// forms are the addresses that a canonical one may lead to: itself and the IPv4 addresses that translators and tunnels
// find in it (RFC 6052, 8215, 2765, 3056, 4380, 4291 2.5.5.1, 5214).
func forms(addr netip.Addr) []netip.Addr {
	result := []netip.Addr{addr}
	if addr.Is4() {
		return result
	}
	b := addr.As16()
	add := func(four ...byte) { result = append(result, netip.AddrFrom4([4]byte(four))) }
	switch {
	case compatible.Contains(addr):
		// :: and ::1 are themselves.
		if binary.BigEndian.Uint32(b[12:]) > 1 {
			add(b[12:]...)
		}
	case translated.Contains(addr):
		add(b[12:]...)
	case nat64Local.Contains(addr):
		add(b[12:]...)
		add(b[6], b[7], b[9], b[10])
		add(b[7], b[9], b[10], b[11])
		add(b[9:13]...)
	case sixToFour.Contains(addr):
		add(b[2:6]...)
	case teredo.Contains(addr):
		add(b[4:8]...)
		add(^b[12], ^b[13], ^b[14], ^b[15])
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		add(b[12:]...)
	}
	return result
}

// opensSpecial is false for an address of a special range, in whatever form, that no entry lists explicitly.
func (p *Policy) opensSpecial(addr netip.Addr, port uint16, proto Protocol) bool {
	for _, form := range forms(canonical(addr)) {
		for _, within := range special {
			if !within.Contains(form) {
				continue
			}
			if !p.listsWithin(within, form, port, proto) {
				return false
			}
			break
		}
	}
	return true
}

func (p *Policy) listsWithin(within netip.Prefix, addr netip.Addr, port uint16, proto Protocol) bool {
	if p.mode == None || p.mode == HostOnly {
		return false
	}
	for _, entry := range p.prefixes {
		if entry.prefix.Contains(addr) && entry.prefix.Bits() >= within.Bits() && entry.ports.allows(port, proto) {
			return true
		}
	}
	return false
}

// ReverseName is the address that a name below in-addr.arpa or ip6.arpa stands for (RFC 1035 3.5, RFC 3596 2.5).
func ReverseName(name string) (netip.Addr, bool) {
	name = Normal(name)
	if labels, found := strings.CutSuffix(name, ".in-addr.arpa"); found {
		parts := strings.Split(labels, ".")
		if len(parts) != 4 {
			return netip.Addr{}, false
		}
		var four [4]byte
		for i, part := range parts {
			number, err := strconv.ParseUint(part, 10, 8)
			if err != nil || strconv.FormatUint(number, 10) != part {
				return netip.Addr{}, false
			}
			four[3-i] = byte(number)
		}
		return netip.AddrFrom4(four), true
	}
	labels, found := strings.CutSuffix(name, ".ip6.arpa")
	if !found || len(labels) != 63 {
		return netip.Addr{}, false
	}
	var digits [32]byte
	for i := range digits {
		digits[31-i] = labels[2*i]
		if i < 31 && labels[2*i+1] != '.' {
			return netip.Addr{}, false
		}
	}
	var sixteen [16]byte
	if _, err := hex.Decode(sixteen[:], digits[:]); err != nil {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16(sixteen), true
}
