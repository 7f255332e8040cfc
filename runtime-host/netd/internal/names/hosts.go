package names

import (
	"net/netip"
	"strings"

	"berth.dev/netd/internal/policy"
)

// hostsFile is what a hosts file says (hosts(5)).
type hostsFile struct {
	names   map[string][]netip.Addr
	reverse map[netip.Addr]string
}

func parseHosts(text []byte) hostsFile {
	file := hostsFile{map[string][]netip.Addr{}, map[netip.Addr]string{}}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		address, err := netip.ParseAddr(fields[0])
		if err != nil {
			continue
		}
		address = address.Unmap().WithZone("")
		for _, name := range fields[1:] {
			name = policy.Normal(name)
			file.names[name] = append(file.names[name], address)
		}
		if _, found := file.reverse[address]; !found {
			file.reverse[address] = policy.Normal(fields[1])
		}
	}
	return file
}

// find looks up a name or the name of an address. What is at the host's loopback is for a guest at the host's alias.
func (f hostsFile) find(network Network, name string) found {
	if address, isReverse := policy.ReverseName(name); isReverse {
		target, exists := f.reverse[address]
		return found{ours: exists, exists: exists, target: target}
	}
	result := found{}
	for _, address := range f.names[name] {
		result.ours, result.exists = true, true
		switch {
		case address.IsLoopback() && address.Is4():
			address = network.Host4
		case address.IsLoopback():
			address = network.Host6
		case address.IsMulticast() || address.IsLinkLocalUnicast() && address.Is6():
			// These mean something only with a link of the host.
			continue
		}
		if address.IsValid() {
			result.addresses = append(result.addresses, address)
		}
	}
	return result
}
