package policy

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// entry is one parsed allow entry: a prefix, or a name.
type entry struct {
	prefix   netip.Prefix
	name     string
	wildcard bool
	// 0 stands for every port, and for ICMP.
	port uint16
}

// ports says on which ports something is allowed. A nil one allows none.
type ports struct {
	all bool
	set map[uint16]struct{}
}

func portsOf[K comparable](in map[K]*ports, key K) *ports {
	found := in[key]
	if found == nil {
		found = &ports{}
		in[key] = found
	}
	return found
}

func (p *ports) add(e entry) {
	if e.port == 0 {
		p.all = true
		return
	}
	if p.set == nil {
		p.set = map[uint16]struct{}{}
	}
	p.set[e.port] = struct{}{}
}

func (p *ports) allows(port uint16, proto Protocol) bool {
	if p == nil || p.all {
		return p != nil
	}
	_, found := p.set[port]
	return found && proto != ICMP
}

// parseEntry reads HOST[:PORT].
func parseEntry(text string) (entry, error) {
	host, port, err := splitPort(text)
	if err != nil {
		return entry{}, err
	}
	result := entry{port: port}
	if strings.ContainsAny(host, "/:") || isAddress(host) {
		result.prefix, err = parsePrefix(host)
		if err != nil {
			return entry{}, invalid(text, err.Error())
		}
		return result, nil
	}
	host, result.wildcard = strings.CutPrefix(host, "*.")
	result.name, err = parseName(host)
	if err != nil {
		return entry{}, invalid(text, err.Error())
	}
	return result, nil
}

// splitPort takes HOST:PORT apart; IPv6 has a port only behind brackets.
func splitPort(text string) (host string, port uint16, err error) {
	if strings.Contains(text, "://") {
		return "", 0, invalid(text, "a name or an address is wanted here, not a URL")
	}
	host, rest, hasPort := text, "", false
	if inner, found := strings.CutPrefix(text, "["); found {
		var closed bool
		host, rest, closed = strings.Cut(inner, "]")
		if !closed || !strings.Contains(host, ":") {
			return "", 0, invalid(text, "brackets hold an IPv6 address or range")
		}
		if rest != "" {
			if rest, hasPort = strings.CutPrefix(rest, ":"); !hasPort {
				return "", 0, invalid(text, "after the bracket only a colon and a port may follow")
			}
		}
	} else if strings.Count(text, ":") == 1 {
		host, rest, hasPort = strings.Cut(text, ":")
	}
	if !hasPort {
		return host, 0, nil
	}
	number, err := strconv.ParseUint(rest, 10, 16)
	if err != nil || number == 0 || rest[0] == '+' {
		return "", 0, invalid(text, "the port is a number from 1 to 65535")
	}
	return host, uint16(number), nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func parsePrefix(host string) (netip.Prefix, error) {
	if strings.Contains(host, "%") {
		return netip.Prefix{}, fmt.Errorf("an address has no zone here")
	}
	if !strings.Contains(host, "/") {
		addr, err := netip.ParseAddr(host)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is not an IP address", host)
		}
		addr = canonical(addr)
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(host)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a range of addresses as in 10.0.0.0/8", host)
	}
	// An IPv6 form of IPv4 addresses is looked up as IPv4.
	if addr := canonical(prefix.Addr()); addr.Is4() && prefix.Addr().Is6() {
		if prefix.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q covers more than the IPv4 addresses; write it as an IPv4 range", host)
		}
		prefix = netip.PrefixFrom(addr, prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

// names maps what a user writes to what is asked in DNS; underscores are usual in names of services.
var names = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

func parseName(host string) (string, error) {
	if host == "" || host == "*" {
		return "", fmt.Errorf("a name, an address or a range is wanted; 0.0.0.0/0 and ::/0 stand for all addresses, *.com for all names below com")
	}
	name, err := names.ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("%q is not a name", host)
	}
	name = Normal(name)
	if name == "localhost" {
		return "", fmt.Errorf("a container's localhost is itself; the host is %s", hostNames[0])
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if strings.Contains(label, "*") {
			return "", fmt.Errorf("a * stands only at the beginning, as in *.example.com")
		}
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", fmt.Errorf("%q is not a name", host)
		}
	}
	if len(name) > 253 {
		return "", fmt.Errorf("the name is too long")
	}
	// 127.1, 0x7f000001 and 010.0.0.1 are addresses to some programs.
	last := labels[len(labels)-1]
	if last[0] >= '0' && last[0] <= '9' && (strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x")) {
		return "", fmt.Errorf("%q is neither a name nor an address in its usual form", host)
	}
	return name, nil
}

func invalid(text, why string) error {
	return fmt.Errorf("The allow entry %q is not understood: %s.", text, why)
}

// Normal is the form in which names are compared: lower case, without the last dot.
func Normal(name string) string {
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
