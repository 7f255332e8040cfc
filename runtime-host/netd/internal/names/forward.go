package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// maxPatience bounds how long servers are asked for one question: nobody waits for longer.
const maxPatience = 25 * time.Second

// forward asks the servers of the host's resolv.conf. A single label is looked for in the host's search domains first, as
// the host would; everything else is asked as it is, since the guest has search domains of its own.
func (s *Server) forward(ctx context.Context, z *zone, a *asker, query *dns.Msg, name string, allowed, tcp bool) answered {
	conf, err := s.resolvConf.get(z.network.ResolvConf)
	if err != nil {
		return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeOther, err.Error())
	}
	search := searched{}
	question := query.Question[0]
	if isSingleLabel(name) && conf.ndots > 0 && (question.Qtype == dns.TypeA || question.Qtype == dns.TypeAAAA) {
		search = s.search(ctx, a, conf, query, name, allowed, tcp)
	}
	switch {
	case search.reply != nil:
		return answered{nil, search.reply}
	case allowed:
		reply := s.ask(ctx, a, conf, query, tcp)
		if search.failed && reply.message.Rcode == dns.RcodeNameError {
			break
		}
		learn(a.Policy, []string{name}, reply.message)
		return reply
	case !search.asked:
		return deny(a, query, name)
	case !search.failed:
		return answered{nil, newReply(query, dns.RcodeNameError)}
	}
	return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeOther, "a search domain of the host could not be asked")
}

// searched is what came of a search: whether anything was asked, whether some of it failed, and what was found.
type searched struct {
	asked, failed bool
	reply         *dns.Msg
}

// search looks for a single label in the host's search domains, as far as the policy lists it, alone or there.
func (s *Server) search(ctx context.Context, a *asker, conf resolvConf, query *dns.Msg, name string, allowed, tcp bool) searched {
	result := searched{}
	for _, domain := range conf.search {
		full := name + "." + domain
		if _, is := dns.IsDomainName(full); !is || !allowed && !a.Policy.Name(full) {
			continue
		}
		longer := query.Copy()
		longer.Question[0].Name = full + "."
		reply := s.ask(ctx, a, conf, longer, tcp).message
		result.asked = true
		switch reply.Rcode {
		case dns.RcodeSuccess:
			learn(a.Policy, []string{full, name}, reply)
			result.reply = aliased(query, longer.Question[0].Name, reply)
			return result
		case dns.RcodeNameError:
		default:
			result.failed = true
		}
	}
	return result
}

// aliased makes an answer about a name in a search domain one to the single label that was asked.
func aliased(query *dns.Msg, full string, found *dns.Msg) *dns.Msg {
	reply := newReply(query, dns.RcodeSuccess)
	reply.Truncated = found.Truncated
	header := dns.RR_Header{Name: query.Question[0].Name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: ownTTL}
	reply.Answer = append(reply.Answer, &dns.CNAME{Hdr: header, Target: full})
	reply.Answer = append(reply.Answer, found.Answer...)
	reply.Ns = found.Ns
	return reply
}

// ask asks the host's servers. Failures are answers, too.
func (s *Server) ask(ctx context.Context, a *asker, conf resolvConf, query *dns.Msg, tcp bool) answered {
	// Only what belongs to a question is passed on.
	clean := &dns.Msg{MsgHdr: query.MsgHdr, Question: query.Question}
	clean.Id = 0
	if opt := query.IsEdns0(); opt != nil {
		clean.Extra = []dns.RR{opt}
	}
	wire, err := clean.Pack()
	if err != nil {
		return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeOther, err.Error())
	}
	key := fmt.Sprint(tcp, string(wire))
	f, first := a.client.flights.join(key)
	if first {
		f.reply = s.askServers(ctx, conf, query, wire, tcp || conf.tcp)
		a.client.flights.land(key, f)
		return f.reply
	}
	select {
	case <-f.done:
		return f.reply
	case <-ctx.Done():
		return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeOther, "the network ends")
	}
}

// askServers asks one server after the other, as the host's resolver does: the next when one is silent, or says that it
// cannot answer; again when some were silent.
func (s *Server) askServers(ctx context.Context, conf resolvConf, query *dns.Msg, wire []byte, tcp bool) answered {
	ctx, cancel := context.WithTimeout(ctx, maxPatience)
	defer cancel()
	var refusal *answered
	var failed error
	for range conf.attempts {
		silent := false
		for _, server := range s.health.order(conf) {
			reply, err := exchange(ctx, netip.AddrPortFrom(server, s.options.Port), wire, conf.timeout, tcp)
			s.health.report(server, err == nil)
			if err != nil {
				failed = err
				silent = silent || isTimeout(err)
				continue
			}
			switch reply.message.Rcode {
			case dns.RcodeServerFailure, dns.RcodeNotImplemented, dns.RcodeRefused:
				refusal = &reply
			default:
				return reply
			}
		}
		if !silent || ctx.Err() != nil {
			break
		}
	}
	if refusal != nil {
		return *refusal
	}
	return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeNetworkError, "no name server of the host answers: "+failed.Error())
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
