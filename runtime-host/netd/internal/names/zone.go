package names

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

// origin is where the names of the network's own are.
const origin = "berth.internal"

// ownTTL is that of everything the server knows itself, in seconds: containers come and go.
const ownTTL = 5

// zone is what the server knows at one time. It does not change.
type zone struct {
	network Network
	// Names of the network itself, in full; nobody can take them.
	own map[string][]netip.Addr
	// Names of the members, alone or below the origin.
	names   map[string][]netip.Addr
	reverse map[netip.Addr]string
	askers  map[netip.Addr]*asker
}

// asker is a member as it is at one time.
type asker struct {
	Member
	client  *client
	knows   map[string][]netip.Addr
	reverse map[netip.Addr]string
}

func newZone(network Network, members []Member, clients map[string]*client) *zone {
	z := &zone{network, map[string][]netip.Addr{}, map[string][]netip.Addr{}, map[netip.Addr]string{}, map[netip.Addr]*asker{}}
	for _, member := range members {
		a := &asker{Member: member, client: clients[member.ID], knows: map[string][]netip.Addr{}, reverse: map[netip.Addr]string{}}
		for _, known := range member.Knows {
			addNames(a.knows, a.reverse, []string{known.Name}, known.Addresses)
		}
		addresses := []netip.Addr{member.Address4, member.Address6}
		for _, address := range valid(addresses) {
			z.askers[address] = a
		}
		addNames(z.names, z.reverse, member.Names, addresses)
	}
	z.addOwn("gateway."+origin, network.Gateway4, network.Gateway6)
	z.addOwn("host.docker.internal", network.Host4, network.Host6)
	z.addOwn("host."+origin, network.Host4, network.Host6)
	return z
}

// addOwn adds a name of the network itself.
func (z *zone) addOwn(name string, addresses ...netip.Addr) {
	z.own[name] = valid(addresses)
	for _, address := range z.own[name] {
		z.reverse[address] = name
	}
}

func valid(addresses []netip.Addr) []netip.Addr {
	result := []netip.Addr{}
	for _, address := range addresses {
		if address.IsValid() {
			result = append(result, address.Unmap())
		}
	}
	return result
}

// addNames gives addresses to the names of a container, and to the addresses its first name.
func addNames(forward map[string][]netip.Addr, reverse map[netip.Addr]string, names []string, addresses []netip.Addr) {
	done := map[string]bool{"": true}
	for _, name := range names {
		if name = strings.TrimSuffix(policy.Normal(name), "."+origin); done[name] {
			continue
		}
		done[name] = true
		for _, address := range valid(addresses) {
			forward[name] = append(forward[name], address)
			if _, found := reverse[address]; !found {
				reverse[address] = name + "." + origin
			}
		}
	}
}

// asker finds who asks by the source address, which the switch has checked.
func (z *zone) asker(from net.Addr) *asker {
	var source netip.Addr
	switch from := from.(type) {
	case *net.UDPAddr:
		source = from.AddrPort().Addr()
	case *net.TCPAddr:
		source = from.AddrPort().Addr()
	}
	return z.askers[source.Unmap().WithZone("")]
}

// found is what the server itself knows about a name.
type found struct {
	// Whether others are to be asked.
	ours bool
	// Whether there is such a name, if it is ours.
	exists    bool
	addresses []netip.Addr
	// What an address is called, for PTR.
	target string
}

// find looks for a name among those of the network, as the asker sees it.
func (z *zone) find(a *asker, name string) found {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		// RFC 6761, 6.3: never asked of others.
		return found{ours: true, exists: true, addresses: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}}
	}
	if addresses, exists := z.own[name]; exists {
		return found{ours: true, exists: true, addresses: shuffled(addresses)}
	}
	if address, isReverse := policy.ReverseName(name); isReverse {
		return z.findReverse(a, address)
	}
	short, below := strings.CutSuffix(name, "."+origin)
	for _, addresses := range [][]netip.Addr{z.names[short], a.knows[short]} {
		if len(addresses) > 0 {
			return found{ours: true, exists: true, addresses: shuffled(addresses)}
		}
	}
	return found{ours: below || name == origin, exists: name == origin}
}

func (z *zone) findReverse(a *asker, address netip.Addr) found {
	for _, names := range []map[netip.Addr]string{z.reverse, a.reverse} {
		if target, exists := names[address]; exists {
			return found{ours: true, exists: true, target: target}
		}
	}
	if address.IsLoopback() {
		return found{ours: true, exists: true, target: "localhost"}
	}
	return found{ours: z.network.Subnet4.Contains(address) || z.network.Subnet6.Contains(address)}
}

// shuffled gives the addresses of several members with one alias in any order, so that all get their share.
func shuffled(addresses []netip.Addr) []netip.Addr {
	result := append([]netip.Addr(nil), addresses...)
	rand.Shuffle(len(result), func(i, j int) { result[i], result[j] = result[j], result[i] })
	return result
}

// ownReply answers from what the server knows itself.
func ownReply(query *dns.Msg, known found) *dns.Msg {
	reply := newReply(query, dns.RcodeSuccess)
	question := query.Question[0]
	header := func(rrtype uint16) dns.RR_Header {
		return dns.RR_Header{Name: question.Name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ownTTL}
	}
	reply.Authoritative = true
	if known.target != "" && (question.Qtype == dns.TypePTR || question.Qtype == dns.TypeANY) {
		reply.Answer = append(reply.Answer, &dns.PTR{Hdr: header(dns.TypePTR), Ptr: known.target + "."})
	}
	for _, address := range known.addresses {
		if address.Is4() && (question.Qtype == dns.TypeA || question.Qtype == dns.TypeANY) {
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header(dns.TypeA), A: address.AsSlice()})
		}
		if address.Is6() && (question.Qtype == dns.TypeAAAA || question.Qtype == dns.TypeANY) {
			reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: address.AsSlice()})
		}
	}
	if !known.exists {
		reply.Rcode = dns.RcodeNameError
	}
	if len(reply.Answer) == 0 {
		soa := &dns.SOA{Hdr: header(dns.TypeSOA), Ns: "gateway." + origin + ".", Mbox: "hostmaster." + origin + ".", Serial: 1, Refresh: ownTTL, Retry: ownTTL, Expire: ownTTL, Minttl: ownTTL}
		if strings.HasSuffix("."+policy.Normal(question.Name), "."+origin) {
			soa.Hdr.Name = origin + "."
		}
		reply.Ns = append(reply.Ns, soa)
	}
	return reply
}
