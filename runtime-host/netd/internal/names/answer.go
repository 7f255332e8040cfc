package names

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

// ednsSize is how large a question may come by UDP.
const ednsSize = 4096

// maxPacket is what fits into a packet of UDP over IPv4.
const maxPacket = 65507

// deniedPort is the port of denied questions in the activity.
const deniedPort = 53

// answer gives the reply to one message, or nil where there is none.
func (s *Server) answer(ctx context.Context, z *zone, a *asker, wire []byte, tcp bool) []byte {
	// An answer to an answer would go on for ever.
	if len(wire) < headerSize || wire[2]&0x80 != 0 {
		return nil
	}
	query := new(dns.Msg)
	err := query.Unpack(wire)
	if err != nil || len(query.Question) != 1 {
		reply := new(dns.Msg)
		reply.Id, reply.Opcode, reply.Response, reply.Rcode = query.Id, query.Opcode, true, dns.RcodeFormatError
		return pack(reply, dns.MinMsgSize)
	}
	if query.Opcode != dns.OpcodeQuery {
		return pack(newReply(query, dns.RcodeNotImplemented), dns.MinMsgSize)
	}
	limit := dns.MaxMsgSize - 1
	if !tcp {
		limit = dns.MinMsgSize
		if opt := query.IsEdns0(); opt != nil {
			limit = min(max(limit, int(opt.UDPSize())), maxPacket)
		}
	}
	return finish(query, wire, s.resolve(ctx, z, a, query, tcp), limit)
}

// finish makes an answer one to this query, that is not longer than limit.
func finish(query *dns.Msg, wire []byte, reply answered, limit int) []byte {
	if len(reply.message.Question) != 1 {
		return pack(newReply(query, reply.message.Rcode), limit)
	}
	if reply.wire == nil || len(reply.wire) > limit {
		message := reply.message.Copy()
		message.Id, message.Question = query.Id, query.Question
		return pack(message, limit)
	}
	result := append([]byte(nil), reply.wire...)
	copy(result, wire[:2])
	// The question comes back in the case in which it was asked, as some check.
	_, end, err := dns.UnpackDomainName(wire, headerSize)
	if _, replyEnd, replyErr := dns.UnpackDomainName(result, headerSize); err == nil && replyErr == nil && end == replyEnd {
		copy(result[headerSize:end], wire[headerSize:end])
	}
	return result
}

func pack(reply *dns.Msg, limit int) []byte {
	reply.Compress = true
	reply.Truncate(limit)
	wire, err := reply.Pack()
	if err != nil {
		// A server sent what cannot be written again.
		failed := new(dns.Msg)
		failed.Id, failed.Response, failed.Rcode, failed.Question = reply.Id, true, dns.RcodeServerFailure, reply.Question
		wire, _ = failed.Pack()
	}
	return wire
}

func newReply(query *dns.Msg, rcode int) *dns.Msg {
	reply := new(dns.Msg).SetRcode(query, rcode)
	reply.RecursionAvailable = true
	if opt := query.IsEdns0(); opt != nil {
		reply.SetEdns0(ednsSize, opt.Do())
	}
	return reply
}

// failure is a reply with the reason for whoever reads it (RFC 8914).
func failure(query *dns.Msg, rcode int, code uint16, reason string) answered {
	reply := newReply(query, rcode)
	if opt := reply.IsEdns0(); opt != nil {
		opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: reason})
	}
	return answered{nil, reply}
}

// resolve answers a question: from the network's own names, from the host's hosts file, or as the host's resolver does.
func (s *Server) resolve(ctx context.Context, z *zone, a *asker, query *dns.Msg, tcp bool) answered {
	question := query.Question[0]
	switch question.Qtype {
	case dns.TypeAXFR, dns.TypeIXFR, dns.TypeMAILA, dns.TypeMAILB, dns.TypeTKEY, dns.TypeTSIG, dns.TypeOPT:
		return failure(query, dns.RcodeRefused, dns.ExtendedErrorCodeNotSupported, "only single questions are answered")
	}
	if question.Qclass != dns.ClassINET {
		return failure(query, dns.RcodeRefused, dns.ExtendedErrorCodeNotSupported, "only the class IN is answered")
	}
	name := policy.Normal(question.Name)
	if known := z.find(a, name); known.ours {
		return answered{nil, ownReply(query, known)}
	}
	allowed := a.Policy.Name(name)
	if allowed && isAddressLookup(question.Qtype) {
		hosts, err := s.hosts.get(z.network.Hosts)
		if err != nil {
			return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeOther, err.Error())
		}
		if known := hosts.find(z.network, name); known.ours {
			a.Policy.Learn(name, known.addresses, ownTTL*time.Second)
			return answered{nil, ownReply(query, known)}
		}
	}
	if s.options.System != nil && isAddressLookup(question.Qtype) {
		if !allowed {
			return deny(a, query, name)
		}
		return s.askSystem(ctx, a, query, name)
	}
	return s.forward(ctx, z, a, query, name, allowed, tcp)
}

func isAddressLookup(qtype uint16) bool {
	return qtype == dns.TypeA || qtype == dns.TypeAAAA || qtype == dns.TypePTR
}

// deny says that there is no such name: musl does not hear REFUSED, but waits for five seconds.
func deny(a *asker, query *dns.Msg, name string) answered {
	a.Activity.Record(netip.Addr{}, name, deniedPort, "dns", false)
	return failure(query, dns.RcodeNameError, dns.ExtendedErrorCodeProhibited, "the network policy of this container does not list this name")
}

// learn tells the policy which addresses an answer gives to the name that was asked, directly or by CNAME.
func learn(p *policy.Policy, names []string, message *dns.Msg) {
	if len(message.Question) != 1 {
		return
	}
	owners := map[string]bool{policy.Normal(message.Question[0].Name): true}
	// Servers put the chain in order; more than its length is not needed for one that is not.
	for range len(message.Answer) {
		before := len(owners)
		for _, record := range message.Answer {
			if alias, is := record.(*dns.CNAME); is && owners[policy.Normal(alias.Hdr.Name)] && len(owners) < 32 {
				owners[policy.Normal(alias.Target)] = true
			}
		}
		if len(owners) == before {
			break
		}
	}
	ttl := uint32(1 << 31)
	var addresses []netip.Addr
	for _, record := range message.Answer {
		if owners[policy.Normal(record.Header().Name)] {
			if own := addressesOf(record); len(own) > 0 {
				addresses = append(addresses, own...)
				ttl = min(ttl, record.Header().Ttl)
			}
		}
	}
	for _, name := range names {
		p.Learn(name, addresses, time.Duration(ttl)*time.Second)
	}
}

// addressesOf are the addresses in a record, hints included (RFC 9460, 7.3).
func addressesOf(record dns.RR) []netip.Addr {
	var result []netip.Addr
	add := func(ip []byte) {
		if address, ok := netip.AddrFromSlice(ip); ok {
			result = append(result, address.Unmap())
		}
	}
	hints := func(values []dns.SVCBKeyValue) {
		for _, value := range values {
			switch value := value.(type) {
			case *dns.SVCBIPv4Hint:
				for _, ip := range value.Hint {
					add(ip)
				}
			case *dns.SVCBIPv6Hint:
				for _, ip := range value.Hint {
					add(ip)
				}
			}
		}
	}
	switch record := record.(type) {
	case *dns.A:
		add(record.A)
	case *dns.AAAA:
		add(record.AAAA)
	case *dns.SVCB:
		hints(record.Value)
	case *dns.HTTPS:
		hints(record.Value)
	}
	return result
}

// isSingleLabel tells whether a name is one to which the host's resolver adds its search domains.
func isSingleLabel(name string) bool { return name != "" && !strings.Contains(name, ".") }
