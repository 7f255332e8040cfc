package network

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/netd/internal/names"
	"berth.dev/netd/internal/testguest"
	"github.com/miekg/dns"
)

// dnsWorld is a network whose host has one name server, on loopback, that knows some names.
type dnsWorld struct {
	*Network
	t *testing.T
}

func newDNSWorld(t *testing.T, zone ...string) *dnsWorld {
	t.Helper()
	w := &dnsWorld{t: t}
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(out dns.ResponseWriter, query *dns.Msg) {
		reply := new(dns.Msg).SetRcode(query, dns.RcodeNameError)
		for _, line := range zone {
			record, err := dns.NewRR(line)
			if err != nil {
				t.Error(err)
				return
			}
			if record.Header().Name == query.Question[0].Name {
				reply.Rcode = dns.RcodeSuccess
				if record.Header().Rrtype == query.Question[0].Qtype {
					reply.Answer = append(reply.Answer, record)
				}
			}
		}
		_ = out.WriteMsg(reply)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	port := socket.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	spec := testSpec()
	spec.ResolvConf = filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(spec.ResolvConf, []byte("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if w.Network, err = newWithNames(spec, NewEvents(), names.Options{Port: port}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// ask asks a server as a guest does, and gives "RCODE DATA DATA".
func (w *dnsWorld) ask(guest *testguest.Guest, network string, server netip.Addr, name string, qtype uint16) string {
	w.t.Helper()
	at := netip.AddrPortFrom(server, dnsPort)
	var conn net.Conn
	if network == "udp" {
		conn = guest.DialUDP(at)
	} else {
		dialled, err := guest.Dial(patience(w.t), at)
		if err != nil {
			return "RESET"
		}
		conn = dialled
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	reply, _, err := new(dns.Client).ExchangeWithConn(new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype), &dns.Conn{Conn: conn})
	if err != nil {
		w.t.Fatal(name, err)
	}
	parts := []string{dns.RcodeToString[reply.Rcode]}
	for _, record := range reply.Answer {
		parts = append(parts, strings.TrimPrefix(record.String(), record.Header().String()))
	}
	return strings.Join(parts, " ")
}

func (w *dnsWorld) expect(guest *testguest.Guest, name string, qtype uint16, want string) {
	w.t.Helper()
	for _, server := range []netip.Addr{w.spec.Gateway4, w.spec.Gateway6} {
		for _, network := range []string{"udp", "tcp"} {
			if got := w.ask(guest, network, server, name, qtype); got != want {
				w.t.Errorf("%s from %s by %s: %s, not %s", name, server, network, got, want)
			}
		}
	}
}

func TestAllowlistFollowsTheNamesThatItLists(t *testing.T) {
	w := newDNSWorld(t, "listed.example. 60 A 192.0.2.1", "other.example. 60 A 192.0.2.2", "rebound.example. 60 A 169.254.169.254", "rebound.example. 60 AAAA fe80::1")
	guest := join(t, w.Network, 2, withPolicy("allowlist", "listed.example:443", "rebound.example"))
	w.expect(guest, "listed.example", dns.TypeA, "NOERROR 192.0.2.1")
	w.expect(guest, "rebound.example", dns.TypeA, "NOERROR 169.254.169.254")
	w.expect(guest, "rebound.example", dns.TypeAAAA, "NOERROR fe80::1")
	w.expect(guest, "other.example", dns.TypeA, "NXDOMAIN")
	denied(t, w.Network, "box2", "", "dns")
	// Neither raw addresses, nor the host in any form, nor other ports.
	for _, destination := range []string{
		"192.0.2.2:443", "192.0.2.1:80", "169.254.169.254:80", "[64:ff9b::7f00:1]:80",
		"192.168.80.254:80", "[fd00:80::fffe]:80", "192.168.80.1:80", "[fd00:80::1]:80",
	} {
		refusedAtOnce(t, guest, netip.MustParseAddrPort(destination))
	}
	// Nor another name server, by TCP or UDP.
	if got := w.ask(guest, "tcp", netip.MustParseAddr("8.8.8.8"), "listed.example", dns.TypeA); got != "RESET" {
		t.Error(got)
	}
	denied(t, w.Network, "box2", "8.8.8.8", "tcp")
	socket := guest.DialUDP(netip.MustParseAddrPort("8.8.8.8:53"))
	defer socket.Close()
	if _, err := socket.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	// By the answer to this, that has arrived, too.
	w.expect(guest, "listed.example", dns.TypeA, "NOERROR 192.0.2.1")
	denied(t, w.Network, "box2", "8.8.8.8", "udp")
	// What is listed is open. A test has no such destination, so it asks for the decision only.
	member := w.find("box2")
	if _, allowed := w.decide(member.rules.Load(), netip.MustParseAddrPort("192.0.2.1:443"), "tcp"); !allowed {
		t.Error("what is listed is closed")
	}
}

func TestAChangedPolicyKnowsWhatNamesHad(t *testing.T) {
	w := newDNSWorld(t, "first.example. 60 A 192.0.2.1")
	guest := join(t, w.Network, 2)
	w.expect(guest, "first.example", dns.TypeA, "NOERROR 192.0.2.1")
	spec := memberSpec(2)
	withPolicy("allowlist", "first.example:443")(&spec)
	if _, err := w.Put("box2", spec); err != nil {
		t.Fatal(err)
	}
	member := w.find("box2")
	if _, allowed := w.decide(member.rules.Load(), netip.MustParseAddrPort("192.0.2.1:443"), "tcp"); !allowed {
		t.Error("what is listed is closed")
	}
	refusedAtOnce(t, guest, netip.MustParseAddrPort("192.0.2.1:80"))
	status, err := w.Status("box2")
	if err != nil {
		t.Fatal(err)
	}
	if last := status.Activity[len(status.Activity)-1]; last.Destination != "192.0.2.1" || last.Name != "first.example" || last.Verdict != "denied" {
		t.Errorf("%+v", last)
	}
	w.expect(guest, "second.example", dns.TypeA, "NXDOMAIN")
}
