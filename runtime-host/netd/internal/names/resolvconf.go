package names

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"berth.dev/netd/internal/policy"
)

// Limits of what is taken from a resolv.conf; those of time and attempts are glibc's.
const (
	maxServers  = 8
	maxSearch   = 16
	maxTimeout  = 30
	maxAttempts = 5
)

// resolvConf is what a resolv.conf says (resolv.conf(5)).
type resolvConf struct {
	servers  []netip.Addr
	search   []string
	ndots    int
	timeout  time.Duration
	attempts int
	rotate   bool
	tcp      bool
}

func parseResolvConf(text []byte) resolvConf {
	conf := resolvConf{ndots: 1, timeout: 5 * time.Second, attempts: 2}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.ContainsAny(line[:1], "#;") {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if server, err := netip.ParseAddr(fields[1]); err == nil && len(conf.servers) < maxServers {
				conf.servers = append(conf.servers, server.Unmap())
			}
		case "search", "domain":
			conf.search = searchDomains(fields[1:])
		case "options":
			for _, option := range fields[1:] {
				conf.setOption(option)
			}
		}
	}
	if len(conf.servers) == 0 {
		// As resolv.conf(5) has it, also when there is no such file.
		conf.servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	return conf
}

func searchDomains(fields []string) []string {
	result := []string{}
	for _, field := range fields {
		if strings.ContainsAny(field[:1], "#;") || len(result) == maxSearch {
			break
		}
		// A single dot stands for the root: the name alone, which is tried anyway.
		if domain := policy.Normal(field); domain != "" {
			result = append(result, domain)
		}
	}
	return result
}

func (c *resolvConf) setOption(option string) {
	name, value, _ := strings.Cut(option, ":")
	number := func(least, most int) int {
		n, err := strconv.Atoi(value)
		if err != nil {
			return least
		}
		return min(max(n, least), most)
	}
	switch name {
	case "timeout":
		c.timeout = time.Duration(number(1, maxTimeout)) * time.Second
	case "attempts":
		c.attempts = number(1, maxAttempts)
	case "ndots":
		c.ndots = number(0, 15)
	case "rotate":
		c.rotate = true
	case "use-vc":
		c.tcp = true
	}
}
