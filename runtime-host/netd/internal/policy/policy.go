// Package policy decides what one container may begin to talk to. It runs outside the guest, which cannot change it.
package policy

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Protocol is what a packet or a connection speaks, as it is written in the activity.
type Protocol string

// The protocols that a policy knows.
const (
	TCP  Protocol = "tcp"
	UDP  Protocol = "udp"
	ICMP Protocol = "icmp"
)

// The modes of a policy.
const (
	Open      = "open"
	HostOnly  = "host-only"
	None      = "none"
	Allowlist = "allowlist"
	Learn     = "learn"
)

// Names of the host, as guests see them. Only exactly these open the host; a wildcard never does.
var hostNames = []string{"host.berth.internal", "host.docker.internal"}

// zone is where the names of a network's containers are.
const zone = "berth.internal"

// maxEntries bounds the list of one container.
const maxEntries = 4096

// Policy is the compiled policy of one container. What it allows does not change; which addresses its names have does,
// as DNS answers come. All methods are safe for concurrent use.
type Policy struct {
	mode      string
	exact     map[string]*ports
	wildcards map[string]*ports
	prefixes  []prefixEntry
	memory    *memory
}

type prefixEntry struct {
	prefix netip.Prefix
	ports  *ports
}

// Compile reads a mode and its allow entries (grammar: netd's README, "Policy"). The error is a sentence for the user.
func Compile(mode string, allow []string) (*Policy, error) {
	switch mode {
	case Open, Allowlist, Learn:
	case HostOnly, None:
		if len(allow) > 0 {
			return nil, fmt.Errorf("The network policy %s takes no allow entries. Use the policy %s to name what may be reached.", mode, Allowlist)
		}
	default:
		return nil, fmt.Errorf("%q is not a network policy. There are %s, %s, %s, %s and %s.", mode, Open, HostOnly, None, Allowlist, Learn)
	}
	if len(allow) > maxEntries {
		return nil, fmt.Errorf("There are %d allow entries; at most %d are possible. Use CIDRs and *.NAME to put some together.", len(allow), maxEntries)
	}
	p := &Policy{mode: mode, exact: map[string]*ports{}, wildcards: map[string]*ports{}, memory: newMemory()}
	byPrefix := map[netip.Prefix]*ports{}
	for _, text := range allow {
		e, err := parseEntry(text)
		if err != nil {
			return nil, err
		}
		switch {
		case e.prefix.IsValid():
			portsOf(byPrefix, e.prefix).add(e)
		case e.wildcard:
			portsOf(p.wildcards, e.name).add(e)
		default:
			portsOf(p.exact, e.name).add(e)
		}
	}
	for prefix, ports := range byPrefix {
		p.prefixes = append(p.prefixes, prefixEntry{prefix, ports})
	}
	return p, nil
}

// Mode is the mode that was compiled.
func (p *Policy) Mode() string { return p.mode }

// Inherit takes over which addresses names have from the policy that this one replaces, and shares them from now on.
// Call it before this policy is used.
func (p *Policy) Inherit(from *Policy) {
	if from != nil {
		p.memory = from.memory
	}
}

// Destination tells whether the container may begin to talk to an address outside its network. The port means nothing
// for ICMP.
func (p *Policy) Destination(addr netip.Addr, port uint16, proto Protocol) bool {
	if !addr.IsValid() || !p.opensSpecial(addr, port, proto) {
		return false
	}
	switch p.mode {
	case Open, Learn:
		return true
	case Allowlist:
		addr = canonical(addr)
		return p.listsAddress(addr, port, proto) ||
			p.memory.anyName(addr, func(name string) bool { return p.listsName(name, port, proto) })
	}
	return false
}

// Host tells whether the container may talk to the host itself, that is to the host's loopback, by the host's alias.
func (p *Policy) Host(port uint16, proto Protocol) bool {
	switch p.mode {
	case HostOnly:
		return true
	case Open, Learn, Allowlist:
		for _, name := range hostNames {
			if p.exact[name].allows(port, proto) {
				return true
			}
		}
	}
	return false
}

// Neighbour tells whether the container may begin to talk to another one on its network, which has these names (name,
// aliases, hostname) and this address. What DNS answered opens no neighbour.
func (p *Policy) Neighbour(names []string, addr netip.Addr, port uint16, proto Protocol) bool {
	switch p.mode {
	case Open, Learn:
		return true
	case Allowlist:
		for _, name := range names {
			name = Normal(name)
			if p.listsName(name, port, proto) || p.listsName(name+"."+zone, port, proto) {
				return true
			}
		}
		return p.listsAddress(canonical(addr), port, proto)
	}
	return false
}

// Name tells whether DNS may ask the host's resolver for a name on behalf of the container.
func (p *Policy) Name(name string) bool {
	switch p.mode {
	case Open, Learn:
		return true
	case Allowlist:
		name = Normal(name)
		if p.listsNameAnyPort(name) {
			return true
		}
		if addr, ok := ReverseName(name); ok {
			return p.namesBack(addr)
		}
		// A service of a listed host, as in SRV, HTTPS and TXT records.
		for range 2 {
			label, rest, more := strings.Cut(name, ".")
			if !more || !strings.HasPrefix(label, "_") {
				return false
			}
			if name = rest; p.listsNameAnyPort(name) {
				return true
			}
		}
	}
	return false
}

// Learn notes which addresses DNS answered when the container asked for a name. It is the name that was asked, also when
// the answer came by CNAME. The addresses belong to the name for ttl, at least ten minutes, and while a connection lives.
func (p *Policy) Learn(name string, addrs []netip.Addr, ttl time.Duration) {
	p.memory.learn(Normal(name), addrs, ttl)
}

// NameOf is the name by which the container last learnt of an address, or "".
func (p *Policy) NameOf(addr netip.Addr) string { return p.memory.nameOf(canonical(addr)) }

// Hold keeps what is known of an address while a connection to it lives; call the result, once, when that has ended.
func (p *Policy) Hold(addr netip.Addr) (release func()) { return p.memory.hold(canonical(addr)) }

func (p *Policy) listsAddress(addr netip.Addr, port uint16, proto Protocol) bool {
	for _, entry := range p.prefixes {
		if entry.prefix.Contains(addr) && entry.ports.allows(port, proto) {
			return true
		}
	}
	return false
}

// namesBack tells whether the container may ask which name an address has: when it may reach it on some port.
func (p *Policy) namesBack(addr netip.Addr) bool {
	addr = canonical(addr)
	for _, entry := range p.prefixes {
		if entry.prefix.Contains(addr) {
			return true
		}
	}
	return p.memory.anyName(addr, p.listsNameAnyPort)
}

func (p *Policy) listsName(name string, port uint16, proto Protocol) bool {
	return p.matches(name, func(found *ports) bool { return found.allows(port, proto) })
}

func (p *Policy) listsNameAnyPort(name string) bool {
	return p.matches(name, func(*ports) bool { return true })
}

// matches looks a normal name up among the entries; accept decides about the ports of those found.
func (p *Policy) matches(name string, accept func(*ports) bool) bool {
	// In DNS's text form a backslash may hide a dot that is part of a label.
	if name == "" || strings.Contains(name, `\`) {
		return false
	}
	if found := p.exact[name]; found != nil && accept(found) {
		return true
	}
	for {
		_, rest, more := strings.Cut(name, ".")
		if !more {
			return false
		}
		if found := p.wildcards[rest]; found != nil && accept(found) {
			return true
		}
		name = rest
	}
}
