package names

import (
	"strings"
	"testing"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

func TestNamesThatAreNotListedAreNotAsked(t *testing.T) {
	w := newWorld(t, policy.Allowlist, "a.example:443", "*.b.example")
	server := w.serve("127.0.0.1", records("a.example. 60 CNAME cdn.other.example.", "cdn.other.example. 60 CNAME edge.other.example.", "edge.other.example. 1 A 192.0.2.1", "edge.other.example. 60 A 192.0.2.2",
		"x.b.example. 60 A 169.254.169.254", "h.b.example. 60 HTTPS 1 . ipv4hint=192.0.2.3 ipv6hint=2001:db8::3"))
	w.expect("A.example", A, "NOERROR cdn.other.example. edge.other.example. 192.0.2.1 192.0.2.2")
	w.expect("h.b.example", dns.TypeHTTPS, "NOERROR 1 . ipv4hint=\"192.0.2.3\" ipv6hint=\"2001:db8::3\"")
	w.expect("x.b.example", A, "NOERROR 169.254.169.254")
	before := len(server.questions())
	for _, name := range []string{"cdn.other.example", "b.example", "secret.evil.example", "evil", "1.2.0.198.in-addr.arpa", `x\.b.example`, "."} {
		for _, network := range []string{"udp", "tcp"} {
			query := new(dns.Msg).SetQuestion(dns.Fqdn(name), TXT)
			query.SetEdns0(1232, false)
			if reply := w.exchange(network, query); short(reply) != "NXDOMAIN" || !strings.Contains(reply.String(), "network policy") {
				t.Error(reply)
			}
		}
	}
	if asked := server.questions()[before:]; len(asked) != 0 {
		t.Errorf("asked all the same: %v", asked)
	}
	denied := w.member.Activity.Snapshot()
	if len(denied) != 7 || denied[0].Name != "cdn.other.example" || denied[0].Count != 2 || denied[0].Protocol != "dns" || denied[0].Destination != "" {
		t.Errorf("%+v", denied)
	}
	p := w.member.Policy
	for _, hint := range []string{"192.0.2.3", "2001:db8::3"} {
		if !p.Destination(addr(hint), 80, policy.TCP) || p.NameOf(addr(hint)) != "h.b.example" {
			t.Errorf("the hint %s is not open", hint)
		}
	}
	for _, open := range []string{"192.0.2.1", "192.0.2.2"} {
		if !p.Destination(addr(open), 443, policy.TCP) || p.Destination(addr(open), 80, policy.TCP) || p.NameOf(addr(open)) != "a.example" {
			t.Errorf("%s is not what was listed", open)
		}
	}
	if p.Destination(addr("169.254.169.254"), 80, policy.TCP) {
		t.Error("a listed name was rebound to the metadata")
	}
}

func TestOnlyWhatBelongsToAnAnswerIsLearnt(t *testing.T) {
	w := newWorld(t, policy.Allowlist, "a.example")
	w.serve("127.0.0.1", func(_ string, query *dns.Msg) *dns.Msg {
		reply := new(dns.Msg).SetReply(query)
		rr := func(text string) dns.RR { record, _ := dns.NewRR(text); return record }
		reply.Answer = []dns.RR{rr("stranger.example. 60 A 192.0.2.8"), rr("c.example. 60 A 192.0.2.1"), rr("b.example. 60 CNAME c.example."), rr("A.example. 60 CNAME B.example."), rr("c.example. 60 CNAME a.example.")}
		reply.Extra = []dns.RR{rr("a.example. 60 A 192.0.2.9")}
		return reply
	})
	w.ask("a.example", A)
	p := w.member.Policy
	if !p.Destination(addr("192.0.2.1"), 1, policy.TCP) || p.Destination(addr("192.0.2.8"), 1, policy.TCP) || p.Destination(addr("192.0.2.9"), 1, policy.TCP) {
		t.Error("the chain of the answer counts, in any order, and nothing else")
	}
}
