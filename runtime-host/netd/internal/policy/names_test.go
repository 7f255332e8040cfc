package policy

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// at makes the time of a policy's memory ours.
func at(p *Policy) *time.Time {
	now := time.Unix(1e9, 0)
	p.memory.now = func() time.Time { return now }
	return &now
}

func TestWhichNamesAnEntryMeans(t *testing.T) {
	type name struct {
		entry, name string
		want        bool
	}
	for _, c := range []name{
		{"example.com", "example.com", true},
		{"Example.COM.", "eXample.com.", true},
		{"example.com:443", "example.com", true},
		{"example.com", "www.example.com", false},
		{"example.com", "notexample.com", false},
		{"example.com", "example.com.evil.org", false},
		{"example.com", "com", false},
		{"example.com", "", false},
		{"example.com", ".", false},
		{"*.example.com", "www.example.com", true},
		{"*.example.com", "a.b.c.example.com.", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "notexample.com", false},
		// One label that holds a dot, below com.
		{"*.example.com", `evil\.example.com`, false},
		{"example.com", `example\.com`, false},
		{"*.example.com", `x\046example.com`, false},
		{"*.com", "example.com", true},
		{"bücher.example", "xn--bcher-kva.example", true},
		{"*.BÜCHER.example", "www.xn--bcher-kva.example.", true},
		{"xn--bcher-kva.example", "XN--BCHER-KVA.example", true},
		// A Cyrillic a is another name.
		{"exаmple.com", "example.com", false},
		{"example.com", "_443._https.example.com", true},
		{"example.com", "_dmarc.example.com", true},
		{"example.com", "_a._b._c.example.com", false},
		{"example.com", "x._tcp.example.com", false},
		{"*.example.com", "_ldap._tcp.dc.example.com", true},
		{"my_service.corp", "my_service.corp", true},
		{"10.0.0.0/8", "4.3.2.10.in-addr.arpa", true},
		{"10.0.0.0/8:443", "4.3.2.10.in-addr.arpa.", true},
		{"10.0.0.0/8", "4.3.2.11.in-addr.arpa", false},
		{"10.0.0.0/8", "x.4.3.2.10.in-addr.arpa", false},
		{"10.0.0.0/8", "04.3.2.10.in-addr.arpa", false},
		{"10.0.0.0/8", "10.in-addr.arpa", false},
		{"fd00::/8", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", true},
		{"fd00::/8", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.e.f.ip6.arpa", false},
		{"fd00::/8", "1x0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", false},
	} {
		if got := compile(t, Allowlist, c.entry).Name(c.name); got != c.want {
			t.Errorf("%v for %+v", got, c)
		}
	}
}

func TestAListedNameOpensTheAddressesThatItHas(t *testing.T) {
	p := compile(t, Allowlist, "example.com:443", "*.cdn.example")
	check(t, p, false, attempt{"192.0.2.1", 443, TCP})
	p.Learn("EXAMPLE.com.", []netip.Addr{addr("192.0.2.1"), addr("2001:db8::1")}, time.Minute)
	p.Learn("a.cdn.example.", []netip.Addr{addr("192.0.2.2")}, time.Minute)
	p.Learn("other.example.", []netip.Addr{addr("192.0.2.3")}, time.Minute)
	check(t, p, true, attempt{"192.0.2.1", 443, TCP}, attempt{"192.0.2.1", 443, UDP}, attempt{"2001:db8::1", 443, TCP}, attempt{"::ffff:192.0.2.1", 443, TCP},
		attempt{"64:ff9b::192.0.2.1", 443, TCP}, attempt{"192.0.2.2", 1, TCP}, attempt{"192.0.2.2", 0, ICMP})
	check(t, p, false, attempt{"192.0.2.1", 80, TCP}, attempt{"192.0.2.1", 443, ICMP}, attempt{"192.0.2.3", 443, TCP})
	if !p.Name("1.2.0.192.in-addr.arpa") || p.Name("3.2.0.192.in-addr.arpa") {
		t.Error("what may be reached may be asked for its name")
	}
	if p.NameOf(addr("2001:db8::1")) != "example.com" || p.NameOf(addr("192.0.2.9")) != "" {
		t.Error("the name of an address is the one that was asked for")
	}
}

func TestAListedNameCannotBeReboundToTheHost(t *testing.T) {
	p := compile(t, Allowlist, "*.example.com", "169.254.0.0/16:80")
	p.Learn("x.example.com", []netip.Addr{addr("127.0.0.1"), addr("169.254.169.254"), addr("::1"), addr("fe80::1"), addr("169.254.1.1"), addr("10.0.0.1")}, 0)
	check(t, p, false, attempt{"127.0.0.1", 80, TCP}, attempt{"169.254.169.254", 80, TCP}, attempt{"::1", 80, TCP}, attempt{"fe80::1", 80, TCP}, attempt{"169.254.1.1", 81, TCP})
	check(t, p, true, attempt{"10.0.0.1", 80, TCP}, attempt{"169.254.1.1", 80, TCP})
}

func TestNamesThatShareAnAddressKeepTheirOwnPorts(t *testing.T) {
	p := compile(t, Allowlist, "a.example:443", "b.example:22")
	shared := []netip.Addr{addr("192.0.2.1")}
	p.Learn("a.example", shared, 0)
	check(t, p, false, attempt{"192.0.2.1", 22, TCP})
	p.Learn("b.example", shared, 0)
	p.Learn("c.example", shared, 0)
	check(t, p, true, attempt{"192.0.2.1", 22, TCP}, attempt{"192.0.2.1", 443, TCP})
	check(t, p, false, attempt{"192.0.2.1", 80, TCP})
}

func TestAnAddressBelongsToItsNameForAWhile(t *testing.T) {
	p := compile(t, Allowlist, "short.example", "long.example", "forever.example")
	now := at(p)
	p.Learn("short.example", []netip.Addr{addr("192.0.2.1")}, time.Second)
	p.Learn("long.example", []netip.Addr{addr("192.0.2.2")}, time.Hour)
	p.Learn("forever.example", []netip.Addr{addr("192.0.2.3")}, 1<<62)
	*now = now.Add(10*time.Minute - 1)
	check(t, p, true, attempt{"192.0.2.1", 80, TCP}, attempt{"192.0.2.2", 80, TCP})
	*now = now.Add(1)
	check(t, p, false, attempt{"192.0.2.1", 80, TCP})
	check(t, p, true, attempt{"192.0.2.2", 80, TCP})
	// A shorter TTL takes nothing away.
	p.Learn("long.example", []netip.Addr{addr("192.0.2.2")}, time.Second)
	*now = now.Add(49 * time.Minute)
	check(t, p, true, attempt{"192.0.2.2", 80, TCP}, attempt{"192.0.2.3", 80, TCP})
	*now = now.Add(24 * time.Hour)
	check(t, p, false, attempt{"192.0.2.2", 80, TCP}, attempt{"192.0.2.3", 80, TCP})
}

func TestAnAddressBelongsToItsNameWhileAConnectionLives(t *testing.T) {
	p := compile(t, Allowlist, "example.com")
	now := at(p)
	there := []netip.Addr{addr("192.0.2.1")}
	p.Learn("example.com", there, 0)
	first, second := p.Hold(there[0]), p.Hold(addr("::ffff:192.0.2.1"))
	*now = now.Add(time.Hour)
	check(t, p, true, attempt{"192.0.2.1", 80, TCP})
	first()
	first()
	check(t, p, true, attempt{"192.0.2.1", 80, TCP})
	second()
	// Who lost the connection can come back.
	*now = now.Add(minKeep - 1)
	check(t, p, true, attempt{"192.0.2.1", 80, TCP})
	*now = now.Add(1)
	check(t, p, false, attempt{"192.0.2.1", 80, TCP})
	// A connection to what has expired brings nothing back.
	p.Hold(there[0])
	check(t, p, false, attempt{"192.0.2.1", 80, TCP})
	p.Hold(addr("192.0.2.9"))()
}

func TestANewPolicyKnowsWhatTheOldOneLearnt(t *testing.T) {
	old := compile(t, Open)
	old.Learn("example.com", []netip.Addr{addr("192.0.2.1")}, 0)
	release := old.Hold(addr("192.0.2.1"))
	p := compile(t, Allowlist, "example.com:443")
	p.Inherit(old)
	p.Inherit(nil)
	check(t, p, true, attempt{"192.0.2.1", 443, TCP})
	check(t, p, false, attempt{"192.0.2.1", 80, TCP})
	release()
	if none := compile(t, None); none.Destination(addr("192.0.2.1"), 443, TCP) {
		t.Error("none stays none")
	}
}

func TestMoreAndMoreNamesNeedNoMoreMemory(t *testing.T) {
	p := compile(t, Allowlist, "*.example.com")
	now := at(p)
	held := addr("198.51.100.1")
	p.Learn("held.example.com", []netip.Addr{held}, 0)
	defer p.Hold(held)()
	for i := range 200_000 {
		*now = now.Add(time.Microsecond)
		four := [4]byte{203, byte(i >> 16), byte(i >> 8), byte(i)}
		p.Learn(fmt.Sprintf("n%d.example.com", i), []netip.Addr{netip.AddrFrom4(four)}, 0)
	}
	pairs := 0
	for _, k := range p.memory.byAddr {
		pairs += len(k.names)
	}
	if pairs != p.memory.pairs || pairs > maxPairs || len(p.memory.byAddr) > maxPairs {
		t.Fatalf("%d pairs counted, %d are there, of %d addresses", p.memory.pairs, pairs, len(p.memory.byAddr))
	}
	check(t, p, true, attempt{"198.51.100.1", 80, TCP}, attempt{"203.3.13.63", 80, TCP})
	check(t, p, false, attempt{"203.0.0.0", 80, TCP})
	for i := range 100_000 {
		p.Learn(fmt.Sprintf("m%d.example.com", i), []netip.Addr{held}, 0)
	}
	if n := len(p.memory.byAddr[held].names); n != maxNamesOfAddr {
		t.Fatalf("%d names of one address", n)
	}
}

func TestEverythingHeldLeavesNoRoomAndNothingBreaks(t *testing.T) {
	p := compile(t, Allowlist, "*.example.com")
	var releases []func()
	for i := range maxPairs {
		a := netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)})
		p.Learn("x.example.com", []netip.Addr{a}, 0)
		releases = append(releases, p.Hold(a))
	}
	p.Learn("new.example.com", []netip.Addr{addr("198.51.100.1"), addr("203.0.0.0")}, 0)
	check(t, p, false, attempt{"198.51.100.1", 80, TCP})
	check(t, p, true, attempt{"203.0.0.0", 80, TCP})
	for _, release := range releases {
		release()
	}
	p.Learn("new.example.com", []netip.Addr{addr("198.51.100.1")}, 0)
	check(t, p, true, attempt{"198.51.100.1", 80, TCP})
}

func TestManyAtOnce(t *testing.T) {
	p := compile(t, Allowlist, "*.example.com:443")
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 2000 {
				a := netip.AddrFrom4([4]byte{203, 0, byte(worker), byte(i)})
				p.Learn(fmt.Sprintf("w%d.example.com", i%3), []netip.Addr{a}, 0)
				release := p.Hold(a)
				if !p.Destination(a, 443, TCP) || p.Destination(a, 80, TCP) || p.NameOf(a) == "" {
					t.Error("what was learnt is known")
				}
				release()
			}
		})
	}
	all.Wait()
}
