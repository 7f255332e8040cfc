package network

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/names"
	"github.com/miekg/dns"
)

// hostResolver is a name server on the host's loopback that says 127.0.0.1 for everything, and netd's way to it.
func hostResolver(t *testing.T) (resolvConf string, options names.Options) {
	t.Helper()
	socket, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		if question.Question[0].Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: question.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.IPv4(192, 0, 2, 7),
			}}
		}
		_ = w.WriteMsg(answer)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	resolvConf = filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(resolvConf, []byte("nameserver 127.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return resolvConf, names.Options{Port: netip.MustParseAddrPort(socket.LocalAddr().String()).Port()}
}

// ask asks the gateway, and gives the code and the first address.
func ask(t *testing.T, conn net.Conn, name string) (int, string) {
	t.Helper()
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.TypeA)
	wire := &dns.Conn{Conn: conn}
	if err := wire.WriteMsg(question); err != nil {
		t.Fatal(err)
	}
	answer, err := wire.ReadMsg()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range answer.Answer {
		if a, ok := record.(*dns.A); ok {
			return answer.Rcode, a.A.String()
		}
	}
	return answer.Rcode, ""
}

func TestNamesAndAllowlistByName(t *testing.T) {
	resolvConf, options := hostResolver(t)
	spec := testSpec()
	spec.ResolvConf = resolvConf
	n, err := newWithNames(spec, NewEvents(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	guest := join(t, n, 2, withPolicy("allowlist", "good.example:80"), func(m *api.Member) {
		m.Knows = []api.KnownName{{Name: "far", Addresses: []netip.Addr{netip.MustParseAddr("192.168.90.9")}}}
	})
	join(t, n, 3)
	tcp, err := guest.Dial(patience(t), netip.AddrPortFrom(spec.Gateway6, 53))
	if err != nil {
		t.Fatal(err)
	}
	for _, conn := range []net.Conn{guest.DialUDP(netip.AddrPortFrom(spec.Gateway4, 53)), tcp} {
		for name, want := range map[string]string{
			"box3": "192.168.80.3", "box3.berth.internal": "192.168.80.3", "host.berth.internal": host4.String(), "far": "192.168.90.9", "good.example": "192.0.2.7",
		} {
			if code, got := ask(t, conn, name); code != dns.RcodeSuccess || got != want {
				t.Errorf("%s: %s, %s", name, dns.RcodeToString[code], got)
			}
		}
		if code, _ := ask(t, conn, "bad.example"); code != dns.RcodeNameError {
			t.Errorf("bad.example: %s", dns.RcodeToString[code])
		}
		_ = conn.Close()
	}
	// The answer opened the address, on the port that is listed with its name.
	member := n.find("box2")
	if _, allowed := member.Route(netip.MustParseAddrPort("192.0.2.7:80"), "tcp"); !allowed {
		t.Error("good.example:80 stayed closed")
	}
	if _, allowed := member.Route(netip.MustParseAddrPort("192.0.2.7:81"), "tcp"); allowed {
		t.Error("good.example:81 is open")
	}
	refusedAtOnce(t, guest, netip.MustParseAddrPort("192.0.2.8:53"))
	n.Remove("box3")
	conn := guest.DialUDP(netip.AddrPortFrom(spec.Gateway4, 53))
	defer conn.Close()
	if code, got := ask(t, conn, "box3"); code == dns.RcodeSuccess && got != "" {
		t.Errorf("a member that is gone: %s", got)
	}
}
