package names

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

const A, AAAA, PTR, TXT, MX, SRV = dns.TypeA, dns.TypeAAAA, dns.TypePTR, dns.TypeTXT, dns.TypeMX, dns.TypeSRV

func newNeighbours(t *testing.T, mode string) *world {
	w := newWorld(t, mode)
	w.serve("127.0.0.1", records("db.example. 5 A 192.0.2.1"))
	w.member.Knows = []Known{{"far", []netip.Addr{addr("192.168.81.2"), addr("fd00:81::2")}}, {"db", []netip.Addr{addr("192.168.81.3")}}}
	w.update(
		Member{ID: "2", Names: []string{"Db", "shared", "db"}, Address4: addr("192.168.80.2"), Address6: addr("fd00:80::2")},
		Member{ID: "3", Names: []string{"only4", "shared", "my.app"}, Address4: addr("192.168.80.3"), Knows: []Known{{"secret", []netip.Addr{addr("192.168.82.2")}}}},
		Member{ID: "4", Names: []string{"host", "gateway", "host.berth.internal", "localhost", "host.docker.internal"}, Address4: addr("192.168.80.4")},
	)
	return w
}

func TestNamesOfTheNetworkResolveWhateverThePolicy(t *testing.T) {
	for _, mode := range []string{policy.Open, policy.None, policy.HostOnly, policy.Allowlist, policy.Learn} {
		w := newNeighbours(t, mode)
		w.expect("db", A, "NOERROR 192.168.80.2")
		w.expect("DB.Berth.INTERNAL", AAAA, "NOERROR fd00:80::2")
		w.expect("web", A, "NOERROR 127.0.0.1")
		w.expect("only4.berth.internal", AAAA, "NOERROR")
		w.expect("only4", MX, "NOERROR")
		w.expect("my.app", A, "NOERROR 192.168.80.3")
		w.expect("my.app.berth.internal", A, "NOERROR 192.168.80.3")
		w.expect("far", A, "NOERROR 192.168.81.2")
		w.expect("far.berth.internal", AAAA, "NOERROR fd00:81::2")
		w.expect("nobody.berth.internal", A, "NXDOMAIN")
		w.expect("secret.berth.internal", A, "NXDOMAIN")
		w.expect("x.db.berth.internal", A, "NXDOMAIN")
		w.expect("berth.internal", A, "NOERROR")
		w.expect("host.berth.internal", A, "NOERROR 192.168.80.254")
		w.expect("Host.Docker.Internal", AAAA, "NOERROR fd00:80::fffe")
		w.expect("gateway.berth.internal", A, "NOERROR 192.168.80.1")
		w.expect("host", A, "NOERROR 192.168.80.4")
		w.expect("localhost", A, "NOERROR 127.0.0.1")
		w.expect("a.localhost", AAAA, "NOERROR ::1")
		for reverse, want := range map[string]string{
			"192.168.80.2": "NOERROR db.berth.internal.", "fd00:80::2": "NOERROR db.berth.internal.", "192.168.80.254": "NOERROR host.berth.internal.",
			"fd00:80::1": "NOERROR gateway.berth.internal.", "192.168.81.2": "NOERROR far.berth.internal.", "192.168.80.77": "NXDOMAIN",
			"fd00:80::77": "NXDOMAIN", "127.0.0.9": "NOERROR localhost.", "::1": "NOERROR web.berth.internal.",
		} {
			name, err := dns.ReverseAddr(reverse)
			if err != nil {
				t.Fatal(err)
			}
			w.expect(name, PTR, want)
		}
		if len(w.member.Activity.Snapshot()) != 0 {
			t.Error("nothing was denied")
		}
	}
}

func TestAnAliasOfSeveralGivesAllOfThem(t *testing.T) {
	w := newNeighbours(t, policy.Open)
	firsts := map[string]bool{}
	for len(firsts) < 2 {
		got := strings.Fields(short(w.ask("shared", A)))[1:]
		firsts[got[0]] = true
		if slices.Sort(got); !slices.Equal(got, []string{"192.168.80.2", "192.168.80.3"}) {
			t.Fatal(got)
		}
	}
}

func TestAnswersOfOurOwnAreWellFormed(t *testing.T) {
	w := newNeighbours(t, policy.Open)
	reply := w.ask("Only4.berth.internal", AAAA)
	if !reply.Authoritative || !reply.RecursionAvailable || len(reply.Ns) != 1 || reply.Ns[0].Header().Name != "berth.internal." || reply.Question[0].Name != "Only4.berth.internal." {
		t.Error(reply)
	}
	if reply := w.ask("db", A); reply.Answer[0].Header().Ttl != 5 || reply.IsEdns0() != nil {
		t.Error(reply)
	}
	query := new(dns.Msg).SetQuestion("db.", A)
	query.SetEdns0(4096, true)
	if opt := w.exchange("udp", query).IsEdns0(); opt == nil || !opt.Do() {
		t.Error(opt)
	}
}

func TestMembersComeAndGo(t *testing.T) {
	w := newNeighbours(t, policy.None)
	w.member.Knows = nil
	w.update(Member{ID: "9", Names: []string{"new"}, Address4: addr("192.168.80.9")})
	w.expect("new", A, "NOERROR 192.168.80.9")
	w.expect("db.berth.internal", A, "NXDOMAIN")
	w.expect("db", A, "NXDOMAIN")
}

func TestStrangersGetNoAnswer(t *testing.T) {
	w := newNeighbours(t, policy.Open)
	w.member.Address4 = addr("127.0.0.2")
	w.update()
	conn, err := net.Dial("tcp", w.tcp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := readFrame(conn); err == nil {
		t.Error("a stranger was answered")
	}
	// By UDP: the stranger asks before the member, who gets the only answer.
	stranger, member := dial(t, "127.0.0.1", w.udp), dial(t, "127.0.0.2", w.udp)
	wire, err := new(dns.Msg).SetQuestion("web.", A).Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []net.Conn{stranger, member} {
		if _, err := from.Write(wire); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := member.Read(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	w.server.Close()
	// Nothing listens any more: the next packet comes back as an error, after whatever was sent before.
	if _, err := stranger.Write(wire); err != nil {
		t.Fatal(err)
	}
	if n, err := stranger.Read(make([]byte, 512)); err == nil {
		t.Errorf("a stranger was sent %d bytes", n)
	}
}

func dial(t *testing.T, from, to string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.Dial("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
