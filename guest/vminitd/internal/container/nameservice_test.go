package container

import (
	"testing"

	"berth.dev/vminitd/internal/network"
)

func TestResolverFile(t *testing.T) {
	for expected, resolver := range map[string]Resolver{
		"nameserver 10.0.0.1\nnameserver fd00::1\nsearch a b\noptions ndots:1 edns0\n": {Servers: []string{"10.0.0.1", "fd00::1"}, Search: []string{"a", "b"}, Options: []string{"ndots:1", "edns0"}},
		"nameserver 10.0.0.1\n":                              {Servers: []string{"10.0.0.1"}},
		"# No name servers: the container has no network.\n": {},
	} {
		if text := resolver.file(); text != expected {
			t.Errorf("%q", text)
		}
	}
}

func TestHostsFile(t *testing.T) {
	const common = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\n" +
		"ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
	if text := hostsFile("box", nil, nil); text != common+"127.0.1.1\tbox\n" {
		t.Errorf("%q", text)
	}
	text := hostsFile("box.example.test", []network.Interface{{Addresses: []string{"10.0.0.2/24", "fd00::2/64"}}}, []HostEntry{{"db", "10.0.0.3"}})
	if text != common+"10.0.0.3\tdb\n10.0.0.2\tbox.example.test box\nfd00::2\tbox.example.test box\n" {
		t.Errorf("%q", text)
	}
}
