package names

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

func TestTheHostsFileComesFirst(t *testing.T) {
	w := newWorld(t, policy.Open)
	server := w.serve("127.0.0.1", records("both.example. 60 A 192.0.2.9", "both.example. 60 MX 10 mail.example."))
	w.hosts("# a comment", "192.0.2.1 Both.example alias # trailing", "2001:db8::1 six.example", "127.0.0.1 localhost app.local", "127.0.1.1 laptop",
		"::1 ip6-localhost app6.local", "0.0.0.0 ads.example", "fe80::1%lo0 link.example", "nonsense x", "192.0.2.3", "169.254.169.254 evil.example")
	w.expect("both.example", A, "NOERROR 192.0.2.1")
	w.expect("ALIAS", A, "NOERROR 192.0.2.1")
	w.expect("both.example", AAAA, "NOERROR")
	w.expect("six.example", AAAA, "NOERROR 2001:db8::1")
	w.expect("1.2.0.192.in-addr.arpa", PTR, "NOERROR both.example.")
	// What is on the host's loopback is at the host's alias.
	w.expect("app.local", A, "NOERROR 192.168.80.254")
	w.expect("app6.local", AAAA, "NOERROR fd00:80::fffe")
	w.expect("laptop", A, "NOERROR 192.168.80.254")
	w.expect("localhost", A, "NOERROR 127.0.0.1")
	w.expect("ads.example", A, "NOERROR 0.0.0.0")
	w.expect("link.example", AAAA, "NOERROR")
	if asked := server.questions(); len(asked) != 0 {
		t.Error(asked)
	}
	w.expect("both.example", MX, "NOERROR 10 mail.example.")
	w.hosts("192.0.2.7 both.example alias")
	w.expect("both.example", A, "NOERROR 192.0.2.7")
	if err := os.Remove(w.network.Hosts); err != nil {
		t.Fatal(err)
	}
	w.expect("both.example", A, "NOERROR 192.0.2.9")
}

func TestTheHostsFileOpensWhatIsListed(t *testing.T) {
	w := newWorld(t, policy.Allowlist, "both.example:443", "evil.example", "app.local")
	w.hosts("192.0.2.1 both.example other.example", "169.254.169.254 evil.example", "127.0.0.1 app.local")
	w.expect("both.example", A, "NOERROR 192.0.2.1")
	w.expect("other.example", A, "NXDOMAIN")
	w.expect("evil.example", A, "NOERROR 169.254.169.254")
	w.expect("app.local", A, "NOERROR 192.168.80.254")
	p := w.member.Policy
	if !p.Destination(addr("192.0.2.1"), 443, policy.TCP) || p.Destination(addr("192.0.2.1"), 80, policy.TCP) ||
		p.Destination(addr("169.254.169.254"), 80, policy.TCP) || p.Host(80, policy.TCP) {
		t.Error("a hosts file opens the ports that are listed of the names that are, and nothing special")
	}
}

func TestChangesOfResolvConfCountAtOnce(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.serve("127.0.0.1", records("where.example. 60 A 192.0.2.1"))
	w.serve("127.0.0.2", records("where.example. 60 A 192.0.2.2", "vpn.corp. 60 A 10.0.0.1"))
	for range 3 {
		w.resolvConf("nameserver 127.0.0.1")
		w.expect("where.example", A, "NOERROR 192.0.2.1")
		w.expect("vpn.corp", A, "NXDOMAIN")
		// Of the same length, at perhaps the same time by the clock of the file system.
		w.resolvConf("nameserver 127.0.0.2")
		w.expect("where.example", A, "NOERROR 192.0.2.2")
		w.expect("vpn.corp", A, "NOERROR 10.0.0.1")
	}
	// As systemd-resolved, NetworkManager and resolvconf do it: a link to a file that is replaced.
	real := filepath.Join(t.TempDir(), "stub.conf")
	w.write(real, "nameserver 127.0.0.1")
	old := time.Now().Add(-time.Hour)
	for _, path := range []string{real, w.network.ResolvConf} {
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	w.expect("where.example", A, "NOERROR 192.0.2.2")
	w.write(real+".new", "nameserver 127.0.0.1")
	if err := os.Chtimes(real+".new", old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(w.network.ResolvConf); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, w.network.ResolvConf); err != nil {
		t.Fatal(err)
	}
	w.expect("where.example", A, "NOERROR 192.0.2.1")
	w.write(real+".new", "nameserver 127.0.0.2")
	if err := os.Chtimes(real+".new", old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(real+".new", real); err != nil {
		t.Fatal(err)
	}
	w.expect("where.example", A, "NOERROR 192.0.2.2")
}

func TestASettledFileIsReadOnce(t *testing.T) {
	parsed := 0
	file := watchedFile[string]{parse: func(text []byte) string { parsed++; return string(text) }}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got, err := file.get(path); got != "one" || err != nil {
			t.Fatal(got, err)
		}
	}
	if parsed != 1 {
		t.Errorf("parsed %d times", parsed)
	}
	if got, err := file.get(filepath.Join(path, "below")); err == nil && got != "" {
		t.Error("another path is another file")
	}
	if got, err := file.get(""); got != "" || err != nil {
		t.Error(got, err)
	}
}

func TestWhatAResolvConfSays(t *testing.T) {
	conf := parseResolvConf([]byte(`# comment
; comment
nameserver 127.0.0.53
  nameserver fe80::1%eth0 # trailing
nameserver ::ffff:192.0.2.1
nameserver nonsense
nameserver
domain old.example
search Corp.Example. lab.example . # no.example
options timeout:3 attempts:9 ndots:2 rotate use-vc edns0 trust-ad timeout
`))
	got := []string{}
	for _, server := range conf.servers {
		got = append(got, server.String())
	}
	if strings.Join(got, " ") != "127.0.0.53 fe80::1%eth0 192.0.2.1" || strings.Join(conf.search, " ") != "corp.example lab.example" {
		t.Errorf("%v %v", got, conf.search)
	}
	if conf.timeout != time.Second || conf.attempts != 5 || conf.ndots != 2 || !conf.rotate || !conf.tcp {
		t.Errorf("%+v", conf)
	}
	empty := parseResolvConf(nil)
	if empty.servers[0] != addr("127.0.0.1") || empty.timeout != 5*time.Second || empty.attempts != 2 || empty.ndots != 1 {
		t.Errorf("%+v", empty)
	}
	many := parseResolvConf([]byte(strings.Repeat("nameserver 192.0.2.1\n", 100) + "search" + strings.Repeat(" a.example", 100) + "\noptions timeout:99999 attempts:-1 ndots:99"))
	if len(many.servers) != maxServers || len(many.search) != maxSearch || many.timeout != 30*time.Second || many.attempts != 1 || many.ndots != 15 {
		t.Errorf("%+v", many)
	}
}

func TestSingleLabelsAreSearchedAsTheHostDoes(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.resolvConf("nameserver 127.0.0.1", "search one.example two.example", "options timeout:1 attempts:1")
	server := w.serve("127.0.0.1", records("intranet.two.example. 60 CNAME real.example.", "real.example. 60 A 10.0.0.1", "six.one.example. 60 AAAA fd00::1", "six.two.example. 60 A 10.0.0.6",
		"tld. 60 A 10.0.0.2", "tld. 60 TXT text"))
	reply := w.ask("InTranet", A)
	if got := short(reply); got != "NOERROR intranet.two.example. real.example. 10.0.0.1" || reply.Question[0].Name != "InTranet." || reply.Answer[0].Header().Name != "InTranet." {
		t.Error(reply)
	}
	if name := w.member.Policy.NameOf(addr("10.0.0.1")); name != "intranet" {
		t.Error(name)
	}
	// The first domain that has the name is the one, whatever records it has.
	w.expect("six", A, "NOERROR six.one.example.")
	w.expect("six", AAAA, "NOERROR six.one.example. fd00::1")
	w.expect("tld", A, "NOERROR 10.0.0.2")
	w.expect("tld", TXT, `NOERROR "text"`)
	w.expect("unknown", A, "NXDOMAIN")
	before := len(server.questions())
	w.expect("intranet.two", A, "NXDOMAIN")
	w.expect(".", dns.TypeNS, "NXDOMAIN")
	if asked := server.questions()[before:]; len(asked) != 2 || asked[0] != "udp intranet.two. A" {
		t.Error(asked)
	}
	w.resolvConf("nameserver 127.0.0.1", "search one.example two.example", "options timeout:1 attempts:1 ndots:0")
	w.expect("intranet", A, "NXDOMAIN")
}

func TestASearchThatFailsIsNoProofThatANameIsMissing(t *testing.T) {
	w := newWorld(t, policy.Open)
	w.resolvConf("nameserver 127.0.0.1", "search one.example", "options timeout:1 attempts:1")
	w.serve("127.0.0.1", func(_ string, query *dns.Msg) *dns.Msg {
		if strings.HasSuffix(query.Question[0].Name, ".one.example.") {
			return new(dns.Msg).SetRcode(query, dns.RcodeServerFailure)
		}
		return new(dns.Msg).SetRcode(query, dns.RcodeNameError)
	})
	w.expect("intranet", A, "SERVFAIL")
}

func TestASearchedNameIsAllowedAloneOrInFull(t *testing.T) {
	zone := records("db.corp.example. 60 A 10.0.0.1", "app.corp.example. 60 A 10.0.0.2")
	for _, entry := range []string{"db", "db.corp.example:443", "*.corp.example:443"} {
		w := newWorld(t, policy.Allowlist, entry)
		w.resolvConf("nameserver 127.0.0.1", "search other.example corp.example")
		server := w.serve("127.0.0.1", zone)
		w.expect("db", A, "NOERROR db.corp.example. 10.0.0.1")
		if !w.member.Policy.Destination(addr("10.0.0.1"), 443, policy.TCP) {
			t.Errorf("%s does not open what it found", entry)
		}
		w.expect("app", A, map[bool]string{true: "NOERROR app.corp.example. 10.0.0.2", false: "NXDOMAIN"}[entry[0] == '*'])
		w.expect("db.other.example", A, "NXDOMAIN")
		for _, asked := range server.questions() {
			if entry != "db" && !strings.Contains(asked, ".corp.example.") {
				t.Errorf("%s: the policy does not list what was asked: %s", entry, asked)
			}
		}
	}
}
