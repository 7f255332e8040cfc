package names

import (
	"context"
	"net/netip"
	"testing"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

// FuzzAnswer gives a guest's bytes to a server whose host has no name server.
func FuzzAnswer(f *testing.F) {
	for _, name := range []string{"web.", "db.berth.internal.", "a.example.", "1.80.168.192.in-addr.arpa.", ".", `a\.b.`} {
		for _, qtype := range []uint16{A, AAAA, PTR, TXT, dns.TypeANY, dns.TypeAXFR} {
			query := new(dns.Msg).SetQuestion(name, qtype)
			f.Add(packed(query))
			query.SetEdns0(1232, true)
			f.Add(packed(query))
		}
	}
	f.Add(append(header(0x100, 1), 0xc0, 12, 0, 1, 0, 1))
	f.Add(header(0x100, 65535, 65535, 65535, 65535))
	s := New(Options{Port: 1})
	f.Cleanup(s.Close)
	p, err := policy.Compile(policy.Allowlist, []string{"a.example", "192.168.0.0/16"})
	if err != nil {
		f.Fatal(err)
	}
	member := Member{ID: "1", Names: []string{"web"}, Address4: addr("192.168.80.2"), Policy: p, Activity: activity.New(true, nil)}
	s.Update(Network{Subnet4: netip.MustParsePrefix("192.168.80.0/24")}, []Member{member})
	z := s.zone.Load()
	f.Fuzz(func(t *testing.T, wire []byte) {
		for _, tcp := range []bool{false, true} {
			reply := s.answer(context.Background(), z, z.askers[member.Address4], wire, tcp)
			if reply == nil {
				continue
			}
			message := new(dns.Msg)
			if err := message.Unpack(reply); err != nil {
				t.Fatalf("an answer that cannot be read: %v", err)
			}
			if !message.Response || string(reply[:2]) != string(wire[:2]) {
				t.Fatal("not an answer to what was asked")
			}
		}
	})
}

// FuzzReply gives a server's bytes to the reader of answers, and what it reads to the policy and to a guest.
func FuzzReply(f *testing.F) {
	query := new(dns.Msg).SetQuestion("a.example.", A)
	wire := packed(query)
	for _, line := range []string{"a.example. 60 A 192.0.2.1", "a.example. 60 CNAME a.example.", "a.example. 60 HTTPS 1 . ipv4hint=192.0.2.3 ipv6hint=2001:db8::3", `a.example. 60 TYPE65280 \# 3 abcdef`} {
		reply := new(dns.Msg).SetReply(query)
		record, err := dns.NewRR(line)
		if err != nil {
			f.Fatal(err)
		}
		reply.Answer = []dns.RR{record, record}
		reply.SetEdns0(1232, true)
		f.Add(packed(reply)[2:])
	}
	f.Fuzz(func(t *testing.T, rest []byte) {
		reply := append(append([]byte(nil), wire[:2]...), rest...)
		if matches(wire, reply) != nil {
			return
		}
		got, err := read(reply)
		if err != nil {
			return
		}
		p, err := policy.Compile(policy.Allowlist, []string{"a.example"})
		if err != nil {
			t.Fatal(err)
		}
		learn(p, []string{"a.example"}, got.message)
		for _, limit := range []int{dns.MinMsgSize, dns.MaxMsgSize - 1} {
			out := finish(query, wire, got, limit)
			if len(out) > limit {
				t.Fatalf("%d bytes where %d fit", len(out), limit)
			}
			if len(out) < headerSize || string(out[:2]) != string(wire[:2]) {
				t.Fatalf("no answer: % x", out)
			}
		}
	})
}

// FuzzFiles reads files of the host.
func FuzzFiles(f *testing.F) {
	f.Add([]byte("nameserver fe80::1%eth0\nsearch a b\noptions timeout:x ndots:\n"))
	f.Add([]byte("127.0.0.1 localhost # x\n::1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if conf := parseResolvConf(text); len(conf.servers) == 0 || conf.attempts < 1 || conf.timeout <= 0 {
			t.Fatalf("%+v", conf)
		}
		parseHosts(text)
	})
}
