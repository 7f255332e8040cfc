package names

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

func TestRecordsOfEveryTypePass(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.serve("127.0.0.1", records("a.example. 60 A 192.0.2.1", "a.example. 60 AAAA 2001:db8::1", "a.example. 60 MX 10 mail.example.", `a.example. 60 TXT "one" "two"`,
		"_sip._udp.example. 60 SRV 1 2 5060 a.example.", "a.example. 60 HTTPS 1 . alpn=h2", "a.example. 60 CAA 0 issue ca.example", `a.example. 60 TYPE65280 \# 3 abcdef`,
		"1.2.0.192.in-addr.arpa. 60 PTR a.example.", "www.example. 60 CNAME a.example."))
	for question, want := range map[string]string{
		"a.example A": "192.0.2.1", "a.example AAAA": "2001:db8::1", "a.example MX": "10 mail.example.", "a.example TXT": `"one" "two"`,
		"_sip._udp.example SRV": "1 2 5060 a.example.", "a.example HTTPS": `1 . alpn="h2"`, "a.example CAA": `0 issue "ca.example"`, "a.example TYPE65280": "a.example.\t60\tCLASS1\tTYPE65280\t\\# 3 abcdef",
		"1.2.0.192.in-addr.arpa PTR": "a.example.", "www.example A": "a.example. 192.0.2.1", "a.example NS": "",
	} {
		name, typeName, _ := strings.Cut(question, " ")
		qtype, known := dns.StringToType[typeName]
		if !known {
			qtype = 65280
		}
		w.expect(name, qtype, strings.TrimSpace("NOERROR "+want))
		query := new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype)
		if got := short(w.exchange("tcp", query)); got != strings.TrimSpace("NOERROR "+want) {
			t.Errorf("%s by TCP: %s", question, got)
		}
	}
	w.expect("b.example", A, "NXDOMAIN")
}

func TestTheQuestionComesBackAsItWasAsked(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.serve("127.0.0.1", func(_ string, query *dns.Msg) *dns.Msg {
		query.Question[0].Name = strings.ToLower(query.Question[0].Name)
		return records("a.example. 60 A 192.0.2.1")("", query)
	})
	if reply := w.ask("A.eXample", A); reply.Question[0].Name != "A.eXample." || short(reply) != "NOERROR 192.0.2.1" {
		t.Error(reply)
	}
}

// many is a name with so many addresses that they do not fit into small packets.
func many(n int) func(string, *dns.Msg) *dns.Msg {
	lines := []string{}
	for i := range n {
		lines = append(lines, fmt.Sprintf("many.example. 60 A 10.0.%d.%d", i/256, i%256))
	}
	zone := map[string]dns.RR{}
	for _, line := range lines {
		zone[line], _ = dns.NewRR(line)
	}
	return func(network string, query *dns.Msg) *dns.Msg {
		reply := new(dns.Msg).SetReply(query)
		for _, line := range lines {
			reply.Answer = append(reply.Answer, zone[line])
		}
		size := dns.MinMsgSize
		if opt := query.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
			reply.SetEdns0(4096, false)
		}
		if network == "tcp" {
			size = dns.MaxMsgSize
		}
		reply.Truncate(size)
		return reply
	}
}

func TestLargeAnswers(t *testing.T) {
	w := newWorld(t, policy.Allowlist, "many.example")
	server := w.serve("127.0.0.1", many(1000))
	ask := func(network string, size uint16) *dns.Msg {
		query := new(dns.Msg).SetQuestion("many.example.", A)
		if size > 0 {
			query.SetEdns0(size, false)
		}
		client := &dns.Client{Net: network, Timeout: 10 * time.Second, UDPSize: max(size, 512)}
		to := map[string]string{"udp": w.udp, "tcp": w.tcp}[network]
		reply, _, err := client.Exchange(query, to)
		if err != nil {
			t.Fatal(err)
		}
		reply.Compress = true
		if length := reply.Len(); network == "udp" && length > int(max(size, 512)) {
			t.Errorf("%d bytes for a client that takes %d", length, size)
		}
		return reply
	}
	if reply := ask("udp", 0); !reply.Truncated || len(reply.Answer) < 20 || reply.IsEdns0() != nil {
		t.Error(len(reply.Answer), reply.Truncated)
	}
	if reply := ask("udp", 1232); !reply.Truncated || len(reply.Answer) < 60 || reply.IsEdns0() == nil {
		t.Error(len(reply.Answer), reply.Truncated)
	}
	if reply := ask("udp", 60000); reply.Truncated || len(reply.Answer) != 1000 {
		t.Error(len(reply.Answer), reply.Truncated)
	}
	if reply := ask("tcp", 0); reply.Truncated || len(reply.Answer) != 1000 {
		t.Error(len(reply.Answer), reply.Truncated)
	}
	networks := ""
	for _, asked := range server.questions() {
		networks += asked[:4]
	}
	if networks != "udp tcp udp tcp udp tcp " && networks != "udp tcp udp tcp udp " {
		t.Error(networks)
	}
	if !w.member.Policy.Destination(addr("10.0.3.231"), 443, policy.TCP) {
		t.Error("what came by TCP is learnt, too")
	}
}

func TestWhoCannotBeReachedByTCPIsAskedByUDP(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.serveOn("udp", "127.0.0.1", func(out dns.ResponseWriter, query *dns.Msg) { _ = out.WriteMsg(many(100)("udp", query)) })
	if reply := w.exchange("tcp", new(dns.Msg).SetQuestion("many.example.", A)); !reply.Truncated || len(reply.Answer) == 0 {
		t.Error(reply)
	}
	if reply := w.ask("many.example", A); !reply.Truncated || len(reply.Answer) == 0 {
		t.Error(reply)
	}
}

func TestTheNextServerIsAskedWhenOneFails(t *testing.T) {
	fine := records("a.example. 60 A 192.0.2.1")
	rcode := func(rcode int) func(string, *dns.Msg) *dns.Msg {
		return func(_ string, query *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(query, rcode) }
	}
	for what, first := range map[string]func(string, *dns.Msg) *dns.Msg{
		"silent": func(string, *dns.Msg) *dns.Msg { return nil }, "closed": nil,
		"refusing": rcode(dns.RcodeRefused), "failing": rcode(dns.RcodeServerFailure), "unable": rcode(dns.RcodeNotImplemented),
		"unable, with no question": func(_ string, query *dns.Msg) *dns.Msg {
			return &dns.Msg{MsgHdr: dns.MsgHdr{Id: query.Id, Response: true, Rcode: dns.RcodeServerFailure}}
		},
	} {
		w := newWorld(t, policy.Open)
		w.resolvConf("nameserver 127.0.0.1", "nameserver 127.0.0.2", "options timeout:1 attempts:2")
		var server *hostServer
		if first != nil {
			server = w.serve("127.0.0.1", first)
		}
		second := w.serve("127.0.0.2", fine)
		for range 4 {
			w.expect("a.example", A, "NOERROR 192.0.2.1")
		}
		if what == "silent" && len(server.questions()) != 2 {
			t.Errorf("a server that is silent was asked %d times", len(server.questions()))
		}
		if len(second.questions()) != 4 {
			t.Errorf("%s: the second server was asked %d times", what, len(second.questions()))
		}
	}
}

func TestOneServersNoIsFinal(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.resolvConf("nameserver 127.0.0.1", "nameserver 127.0.0.2")
	w.serve("127.0.0.1", records())
	second := w.serve("127.0.0.2", records("a.example. 60 A 192.0.2.1"))
	w.expect("a.example", A, "NXDOMAIN")
	if len(second.questions()) != 0 {
		t.Error(second.questions())
	}
}

func TestFailuresAreReportedQuicklyAndWithTheirReason(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.resolvConf("")
	began := time.Now()
	query := new(dns.Msg).SetQuestion("a.example.", A)
	query.SetEdns0(4096, false)
	for range 3 {
		reply := w.exchange("udp", query)
		if short(reply) != "SERVFAIL" || !strings.Contains(reply.String(), "no name server of the host answers") {
			t.Error(reply)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("nobody listening took %v to notice", took)
	}
	w.serve("127.0.0.1", func(_ string, query *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(query, dns.RcodeRefused) })
	w.expect("a.example", A, "REFUSED")
	if len(w.member.Activity.Snapshot()) != 0 {
		t.Error("what a server refuses is not the policy's doing")
	}
	w.network.ResolvConf += "/x"
	w.update()
	w.expect("a.example", A, "SERVFAIL")
}

func TestOptionsOfResolvConf(t *testing.T) {
	w := newWorld(t, policy.Open)
	zone := records("a.example. 60 A 192.0.2.1")
	first, second := w.serve("127.0.0.1", zone), w.serve("127.0.0.2", zone)
	w.resolvConf("nameserver 127.0.0.1", "nameserver 127.0.0.2", "options rotate use-vc")
	for len(first.questions()) == 0 || len(second.questions()) == 0 {
		w.expect("a.example", A, "NOERROR 192.0.2.1")
	}
	for _, asked := range append(first.questions(), second.questions()...) {
		if !strings.HasPrefix(asked, "tcp ") {
			t.Error(asked)
		}
	}
}

func TestTheSameQuestionIsAskedOnceAtATime(t *testing.T) {
	var all flights
	leader, first := all.join("a")
	if _, other := all.join("b"); !first || !other {
		t.Fatal("each question has somebody who asks it")
	}
	follower, again := all.join("a")
	if again || follower != leader {
		t.Fatal("the same question is asked again")
	}
	leader.reply = answered{message: new(dns.Msg)}
	all.land("a", leader)
	if <-follower.done; follower.reply.message == nil {
		t.Fatal("the answer is shared")
	}
	if _, first := all.join("a"); !first {
		t.Fatal("what was answered is asked anew")
	}
}

func TestALoopThroughTheHostEnds(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.resolvConf("nameserver 127.0.0.1", "options timeout:1 attempts:1")
	// A server of the host's that is a container which asks us.
	var asked atomic.Int32
	w.serve("127.0.0.1", func(network string, query *dns.Msg) *dns.Msg {
		asked.Add(1)
		query = query.Copy()
		id := query.Id
		query.Id = dns.Id()
		reply, _, err := (&dns.Client{Timeout: 3 * time.Second}).Exchange(query, w.udp)
		if err != nil {
			return nil
		}
		reply.Id = id
		return reply
	})
	w.expect("a.example", A, "SERVFAIL")
	if asked.Load() > 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestOneMemberDoesNotTakeTheOthersTurn(t *testing.T) {
	w := newWorld(t, policy.Open)
	other := w.member
	other.ID, other.Address4, other.Address6, other.Names = "2", addr("127.0.0.2"), addr("fd00::2"), nil
	w.update(other)
	release := make(chan struct{})
	defer close(release)
	w.serve("127.0.0.1", func(_ string, query *dns.Msg) *dns.Msg {
		if strings.HasPrefix(query.Question[0].Name, "slow") {
			<-release
		}
		return records("a.example. 60 A 192.0.2.1")("", query)
	})
	flood := dial(t, "127.0.0.1", w.udp)
	questions := w.server.clients["1"].questions
	for i := 0; len(questions) < maxQuestions; i++ {
		wire, err := new(dns.Msg).SetQuestion(fmt.Sprintf("slow%d.example.", i), A).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := flood.Write(wire); err != nil {
			t.Fatal(err)
		}
	}
	client := &dns.Client{Timeout: 10 * time.Second, Dialer: &net.Dialer{LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}}}
	reply, _, err := client.Exchange(new(dns.Msg).SetQuestion("a.example.", A), w.udp)
	if err != nil || short(reply) != "NOERROR 192.0.2.1" {
		t.Error(reply, err)
	}
}
