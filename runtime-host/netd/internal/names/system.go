package names

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

// systemResolver is the part of net.Resolver that is needed.
type systemResolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupAddr(ctx context.Context, address string) ([]string, error)
}

const (
	// systemTTL is that of answers whose own is not known, in seconds.
	systemTTL  = 10
	systemTime = 15 * time.Second
)

// askSystem answers through the system's resolver. It searches single labels itself.
func (s *Server) askSystem(ctx context.Context, a *asker, query *dns.Msg, name string) answered {
	ctx, cancel := context.WithTimeout(ctx, systemTime)
	defer cancel()
	question := query.Question[0]
	reply := newReply(query, dns.RcodeSuccess)
	header := dns.RR_Header{Name: question.Name, Rrtype: question.Qtype, Class: dns.ClassINET, Ttl: systemTTL}
	var err error
	if address, isReverse := policy.ReverseName(name); isReverse && question.Qtype == dns.TypePTR {
		var targets []string
		targets, err = s.options.System.LookupAddr(ctx, address.String())
		for _, target := range targets {
			reply.Answer = append(reply.Answer, &dns.PTR{Hdr: header, Ptr: dns.Fqdn(target)})
		}
	} else if question.Qtype != dns.TypePTR {
		var addresses []netip.Addr
		addresses, err = s.lookUp(ctx, question.Qtype, name)
		a.Policy.Learn(name, addresses, systemTTL*time.Second)
		for _, address := range addresses {
			if address.Is4() {
				reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: address.AsSlice()})
			} else {
				reply.Answer = append(reply.Answer, &dns.AAAA{Hdr: header, AAAA: address.AsSlice()})
			}
		}
	}
	if isNotFound(err) {
		reply.Rcode = dns.RcodeNameError
	} else if err != nil {
		return failure(query, dns.RcodeServerFailure, dns.ExtendedErrorCodeNetworkError, err.Error())
	}
	return answered{nil, reply}
}

// lookUp finds the addresses of one family. No error and no address: the name exists.
func (s *Server) lookUp(ctx context.Context, qtype uint16, name string) ([]netip.Addr, error) {
	family, other := "ip4", "ip6"
	if qtype == dns.TypeAAAA {
		family, other = other, family
	}
	host := name
	if !isSingleLabel(name) {
		host += "."
	}
	all, err := s.options.System.LookupNetIP(ctx, family, host)
	if isNotFound(err) {
		// The system does not say whether there is such a name at all.
		if _, otherErr := s.options.System.LookupNetIP(ctx, other, host); otherErr == nil {
			return nil, nil
		}
	}
	result := []netip.Addr{}
	for _, address := range all {
		if address = address.Unmap().WithZone(""); address.Is4() == (qtype == dns.TypeA) {
			result = append(result, address)
		}
	}
	return result, err
}

func isNotFound(err error) bool {
	var dnsErr *net.DNSError
	return errors.As(err, &dnsErr) && dnsErr.IsNotFound
}
