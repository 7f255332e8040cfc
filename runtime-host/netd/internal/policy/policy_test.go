package policy

import (
	"net/netip"
	"strings"
	"testing"
)

func compile(t *testing.T, mode string, allow ...string) *Policy {
	t.Helper()
	p, err := Compile(mode, allow)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// attempt is what a guest tries.
type attempt struct {
	to    string
	port  uint16
	proto Protocol
}

func check(t *testing.T, p *Policy, want bool, attempts ...attempt) {
	t.Helper()
	for _, a := range attempts {
		if got := p.Destination(addr(a.to), a.port, a.proto); got != want {
			t.Errorf("%v to %+v", got, a)
		}
	}
}

func TestOpenReachesEverythingButTheHostAndMetadata(t *testing.T) {
	for _, mode := range []string{Open, Learn} {
		p := compile(t, mode)
		check(t, p, true, attempt{"1.1.1.1", 443, TCP}, attempt{"10.0.0.1", 53, UDP}, attempt{"2606:4700::1111", 0, ICMP},
			attempt{"64:ff9b::8.8.8.8", 443, TCP}, attempt{"100.100.100.201", 80, TCP}, attempt{"2002:808:808::1", 80, TCP})
		if p.Host(80, TCP) {
			t.Error("the host is not open")
		}
		if !p.Neighbour([]string{"db"}, addr("192.168.80.3"), 5432, TCP) || !p.Name("anything.example") {
			t.Error("neighbours and names are open")
		}
	}
	p := compile(t, Open, "host.berth.internal:5432", "169.254.169.254:80")
	check(t, p, true, attempt{"169.254.169.254", 80, TCP}, attempt{"1.1.1.1", 1, UDP})
	check(t, p, false, attempt{"169.254.169.254", 81, TCP}, attempt{"169.254.169.254", 0, ICMP}, attempt{"169.254.169.253", 80, TCP})
	if !p.Host(5432, TCP) || p.Host(5433, TCP) || p.Host(0, ICMP) {
		t.Error("only the port that is listed is open on the host")
	}
}

// Every way to write an address that leads to the host, its links or credentials.
var dangerous = []string{
	"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254", "224.0.0.251", "239.255.255.250",
	"240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192",
	"::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "ff02::1", "ff02::fb%eth0", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
	"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::ffff:224.0.0.1", "::ffff:100.100.100.200",
	"::127.0.0.1", "::169.254.169.254", "::ffff:0:127.0.0.1", "::ffff:0:169.254.169.254",
	"64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::0.0.0.0", "64:ff9b:1::127.0.0.1", "64:ff9b:1::a9fe:a9fe",
	"64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:7f:0:1::",
	"2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001:0:808:808:0:0:80ff:fffe", "2001:0:808:808:0:0:5601:5601",
	"2001:db8::5efe:127.0.0.1", "2001:db8::200:5efe:169.254.169.254",
}

func TestNoFormOfADangerousAddressIsOpen(t *testing.T) {
	for _, p := range []*Policy{
		compile(t, Open), compile(t, Learn), compile(t, None), compile(t, HostOnly),
		compile(t, Allowlist, "0.0.0.0/0", "::/0", "*.example.com", "host.berth.internal"),
		compile(t, Open, "0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96", "2000::/3", "64:ff9b::/96", "100.64.0.0/10"),
	} {
		for _, text := range dangerous {
			p.Learn("rebound.example.com", []netip.Addr{addr(text)}, 0)
			for _, proto := range []Protocol{TCP, UDP, ICMP} {
				if p.Destination(addr(text), 80, proto) {
					t.Errorf("%s reaches %s by %s", p.Mode(), text, proto)
				}
			}
		}
	}
	if compile(t, Open).Destination(netip.Addr{}, 80, TCP) {
		t.Error("no address is no destination")
	}
}

func TestADangerousAddressIsOpenedByItsOwnEntry(t *testing.T) {
	for _, mode := range []string{Open, Allowlist, Learn} {
		check(t, compile(t, mode, "169.254.0.0/16"), true, attempt{"169.254.3.4", 80, TCP}, attempt{"::ffff:169.254.3.4", 80, TCP})
		check(t, compile(t, mode, "169.254.0.0/16"), false, attempt{"169.254.169.254", 80, TCP})
		check(t, compile(t, mode, "[fd00:ec2::254]:80"), true, attempt{"fd00:ec2::254", 80, TCP})
		check(t, compile(t, mode, "169.254.169.254"), true, attempt{"169.254.169.254", 0, ICMP}, attempt{"64:ff9b::169.254.169.254", 80, TCP})
		check(t, compile(t, mode, "127.0.0.0/8"), true, attempt{"127.0.0.1", 80, TCP})
		check(t, compile(t, mode, "127.0.0.0/8"), false, attempt{"::1", 80, TCP})
		check(t, compile(t, mode, "224.0.0.0/4:5353"), true, attempt{"224.0.0.251", 5353, UDP})
		check(t, compile(t, mode, "::ffff:169.254.169.254"), true, attempt{"169.254.169.254", 80, TCP})
	}
}

func TestHostOnlyAndNone(t *testing.T) {
	hostOnly, none := compile(t, HostOnly), compile(t, None)
	if !hostOnly.Host(1, TCP) || !hostOnly.Host(0, ICMP) || none.Host(1, TCP) {
		t.Error("host-only opens the host, none does not")
	}
	for _, p := range []*Policy{hostOnly, none} {
		p.Learn("example.com", []netip.Addr{addr("1.1.1.1")}, 0)
		check(t, p, false, attempt{"1.1.1.1", 443, TCP})
		if p.Neighbour([]string{"db"}, addr("192.168.80.3"), 1, TCP) || p.Name("example.com") {
			t.Error("nothing else is open")
		}
		if _, err := Compile(p.Mode(), []string{"example.com"}); err == nil {
			t.Error("an entry that would mean nothing is an error")
		}
	}
}

func TestAllowlistByAddress(t *testing.T) {
	p := compile(t, Allowlist, "10.0.0.0/8:443", "192.0.2.7", "fd00:1::/64", "[fd00:2::1]:22", "[fd00:3::/48]:22", "10.1.2.3/8:80", "::ffff:198.51.100.0/120")
	check(t, p, true, attempt{"10.9.9.9", 443, TCP}, attempt{"10.9.9.9", 443, UDP}, attempt{"10.200.0.1", 80, TCP}, attempt{"192.0.2.7", 1, TCP},
		attempt{"192.0.2.7", 0, ICMP}, attempt{"::ffff:192.0.2.7", 1, TCP}, attempt{"64:ff9b::192.0.2.7", 1, TCP},
		attempt{"fd00:1::ffff", 1, TCP}, attempt{"fd00:2::1", 22, TCP}, attempt{"fd00:3:0:9::1", 22, TCP}, attempt{"198.51.100.200", 9, UDP})
	check(t, p, false, attempt{"10.9.9.9", 444, TCP}, attempt{"10.9.9.9", 443, ICMP}, attempt{"192.0.2.8", 1, TCP}, attempt{"11.0.0.1", 443, TCP},
		attempt{"fd00:1:0:1::1", 1, TCP}, attempt{"fd00:2::1", 23, TCP}, attempt{"fd00:2::2", 22, TCP}, attempt{"2002:c000:207::1", 1, TCP},
		attempt{"198.51.101.1", 9, UDP})
}

func TestAllowlistOfNeighbours(t *testing.T) {
	at := addr("192.168.80.3")
	type who struct {
		entry string
		names []string
		want  bool
	}
	for _, c := range []who{
		{"db", []string{"web", "DB"}, true},
		{"db:5432", []string{"db"}, true},
		{"db:5433", []string{"db"}, false},
		{"DB.berth.internal.", []string{"db"}, true},
		{"*.berth.internal", []string{"db"}, true},
		{"db", []string{"db2", "xdb"}, false},
		{"db", nil, false},
		{"192.168.80.3:5432", nil, true},
		{"192.168.80.0/24", nil, true},
		{"192.168.80.4", []string{"db"}, false},
		{"api.example.com", []string{"api.example.com"}, true},
		{"host.berth.internal", []string{"db"}, false},
	} {
		if got := compile(t, Allowlist, c.entry).Neighbour(c.names, at, 5432, TCP); got != c.want {
			t.Errorf("%v for %+v", got, c)
		}
	}
	p := compile(t, Allowlist, "evil.example")
	p.Learn("evil.example", []netip.Addr{at}, 0)
	if p.Neighbour([]string{"db"}, at, 5432, TCP) {
		t.Error("an answer of DNS opens no neighbour")
	}
}

func TestTheHostIsOpenedOnlyByItsOwnNames(t *testing.T) {
	for _, entry := range []string{"*.berth.internal", "*.docker.internal", "*.internal", "127.0.0.1", "0.0.0.0/0", "berth.internal", "gateway.berth.internal"} {
		if compile(t, Allowlist, entry).Host(80, TCP) || compile(t, Open, entry).Host(80, TCP) {
			t.Errorf("%s opens the host", entry)
		}
	}
	for _, entry := range []string{"host.berth.internal", "HOST.docker.internal.:80"} {
		if !compile(t, Allowlist, entry).Host(80, TCP) || !compile(t, Learn, entry).Host(80, UDP) {
			t.Errorf("%s does not open the host", entry)
		}
	}
}

func TestEntriesThatAreNotUnderstoodSayWhy(t *testing.T) {
	for entry, want := range map[string]string{
		"": "wanted", "*": "0.0.0.0/0", "*:443": "wanted", "https://example.com": "URL", "example.com/path": "range", "a.*.com": "beginning", "**.com": "beginning",
		"*.*.com": "beginning", "example.com:": "port", "example.com:0": "port", "example.com:65536": "port", "example.com:http": "port",
		"example.com:-1": "port", "example.com:+80": "port", "example.com:80-90": "port", "[::1": "brackets", "[]": "brackets", "[example.com]:80": "brackets", "[1.2.3.4]": "brackets",
		"[::1]80": "colon", "fe80::1%eth0": "zone", "1.2.3.4/33": "range", "1.2.3/8": "range", "1.2.3.4.5": "usual", "127.1": "usual", "0x7f000001": "usual", "010.0.0.1": "usual",
		"2130706433": "usual", "*.1.2.3.4": "usual", "localhost": "host.berth.internal", "LOCALHOST.:80": "host.berth.internal", "foo..bar": "not a name", ".foo": "not a name",
		"foo bar": "not a name", "foo\n": "not a name", `foo\.bar`: "not a name", strings.Repeat("a", 64) + ".com": "not a name", "::ffff:0.0.0.0/95": "IPv4 range", ":::1": "IP address",
		strings.Repeat("a.", 127) + "com": "too long", "user@example.com": "not a name",
	} {
		if _, err := Compile(Allowlist, []string{entry}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", entry, err)
		}
	}
	if _, err := Compile("closed", nil); err == nil {
		t.Error("there is no such mode")
	}
	if _, err := Compile(Allowlist, make([]string, maxEntries+1)); err == nil {
		t.Error("the list is bounded")
	}
}
