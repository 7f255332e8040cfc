package names

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"berth.dev/netd/internal/policy"
)

// fakeSystem is a resolver as macOS has it: it does not tell a name without addresses from none.
type fakeSystem map[string][]netip.Addr

func (f fakeSystem) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	if host == "broken.example." {
		return nil, errors.New("the resolver is broken")
	}
	result := []netip.Addr{}
	for _, address := range f[host] {
		if address.Is4() == (network == "ip4") {
			result = append(result, netip.AddrFrom16(address.As16()))
		}
	}
	if len(result) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return result, nil
}

func (f fakeSystem) LookupAddr(_ context.Context, address string) ([]string, error) {
	if address == "192.0.2.1" {
		return []string{"a.example."}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
}

func TestTheSystemsResolverIsAskedWhereThereIsOne(t *testing.T) {
	w := newWorld(t, policy.Allowlist, "*.example:443", "intranet", "192.0.2.0/24:1")
	w.server.Close()
	w.start(Options{Port: w.port, System: fakeSystem{"a.example.": {addr("192.0.2.1")}, "six.example.": {addr("2001:db8::1")}, "intranet": {addr("10.0.0.1")}, "evil.org.": {addr("10.0.0.2")}}})
	w.serve("127.0.0.1", records("a.example. 60 MX 10 mail.example.", "a.example. 60 A 192.0.2.99"))
	w.expect("A.example", A, "NOERROR 192.0.2.1")
	w.expect("a.example", AAAA, "NOERROR")
	w.expect("six.example", AAAA, "NOERROR 2001:db8::1")
	w.expect("six.example", A, "NOERROR")
	w.expect("intranet", A, "NOERROR 10.0.0.1")
	w.expect("b.example", A, "NXDOMAIN")
	w.expect("broken.example", A, "SERVFAIL")
	w.expect("evil.org", A, "NXDOMAIN")
	w.expect("1.2.0.192.in-addr.arpa", PTR, "NOERROR a.example.")
	w.expect("2.2.0.192.in-addr.arpa", PTR, "NXDOMAIN")
	w.expect("a.example", MX, "NOERROR 10 mail.example.")
	if p := w.member.Policy; !p.Destination(addr("2001:db8::1"), 443, policy.TCP) || p.Destination(addr("2001:db8::1"), 80, policy.TCP) {
		t.Error("what the system answers is learnt")
	}
}
