package names

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/policy"
	"github.com/miekg/dns"
)

// world is a network on loopback: its DNS, whose asking member is 127.0.0.1, and name servers of a host on 127.0.0.x.
type world struct {
	t       *testing.T
	server  *Server
	udp     string
	tcp     string
	port    uint16
	network Network
	member  Member
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// newWorld starts the DNS with a policy; lines are the host's resolv.conf.
func newWorld(t *testing.T, mode string, allow ...string) *world {
	t.Helper()
	p, err := policy.Compile(mode, allow)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, port: freePort(t)}
	directory := t.TempDir()
	w.network = Network{
		Subnet4: netip.MustParsePrefix("192.168.80.0/24"), Subnet6: netip.MustParsePrefix("fd00:80::/64"),
		Gateway4: addr("192.168.80.1"), Gateway6: addr("fd00:80::1"), Host4: addr("192.168.80.254"), Host6: addr("fd00:80::fffe"),
		ResolvConf: filepath.Join(directory, "resolv.conf"), Hosts: filepath.Join(directory, "hosts"),
	}
	w.member = Member{ID: "1", Names: []string{"web"}, Address4: addr("127.0.0.1"), Address6: addr("::1"), Policy: p, Activity: activity.New(false, nil)}
	w.resolvConf("nameserver 127.0.0.1", "options timeout:1 attempts:1")
	w.start(Options{Port: w.port})
	return w
}

func (w *world) start(options Options) {
	server := New(options)
	w.server = server
	w.t.Cleanup(server.Close)
	w.update()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.udp, w.tcp = conn.LocalAddr().String(), listener.Addr().String()
	go func() {
		if err := server.ServePacket(conn); err != nil {
			w.t.Error(err)
		}
	}()
	go func() {
		if err := server.ServeListener(listener); err != nil {
			w.t.Error(err)
		}
	}()
}

func (w *world) update(others ...Member) {
	w.server.Update(w.network, append([]Member{w.member}, others...))
}

func (w *world) resolvConf(lines ...string) { w.write(w.network.ResolvConf, lines...) }

func (w *world) hosts(lines ...string) { w.write(w.network.Hosts, lines...) }

func (w *world) write(path string, lines ...string) {
	w.t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// freePort is one that is free by UDP and TCP on the addresses that tests use, and that nobody gets by chance.
func freePort(t *testing.T) uint16 {
	t.Helper()
	for {
		if port := uint16(10000 + rand.IntN(20000)); isFree(port) {
			return port
		}
	}
}

func isFree(port uint16) bool {
	for _, ip := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		at := netip.AddrPortFrom(addr(ip), port).String()
		conn, err := net.ListenPacket("udp", at)
		if err != nil {
			return false
		}
		defer conn.Close()
		listener, err := net.Listen("tcp", at)
		if err != nil {
			return false
		}
		defer listener.Close()
	}
	return true
}

// hostServer is a name server of the host, that counts what it was asked.
type hostServer struct {
	mu    sync.Mutex
	asked []string
}

func (h *hostServer) questions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.asked...)
}

// serve starts a name server at an address, by UDP and TCP; handle answers.
func (w *world) serve(ip string, handle func(network string, query *dns.Msg) *dns.Msg) *hostServer {
	w.t.Helper()
	h := &hostServer{}
	for _, network := range []string{"udp", "tcp"} {
		w.serveOn(network, ip, func(out dns.ResponseWriter, query *dns.Msg) {
			h.mu.Lock()
			h.asked = append(h.asked, network+" "+query.Question[0].Name+" "+dns.TypeToString[query.Question[0].Qtype])
			h.mu.Unlock()
			if reply := handle(network, query); reply != nil {
				_ = out.WriteMsg(reply)
			}
		})
	}
	return h
}

func (w *world) serveOn(network, ip string, handle dns.HandlerFunc) {
	w.t.Helper()
	ready := make(chan struct{})
	server := &dns.Server{Addr: netip.AddrPortFrom(addr(ip), w.port).String(), Net: network, Handler: handle, NotifyStartedFunc: func() { close(ready) }, UDPSize: 65535}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case <-ready:
	case err := <-failed:
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = server.Shutdown() })
}

// records answers from text lines of a zone; unknown names do not exist.
func records(lines ...string) func(string, *dns.Msg) *dns.Msg {
	return func(_ string, query *dns.Msg) *dns.Msg {
		reply := new(dns.Msg).SetRcode(query, dns.RcodeNameError)
		reply.RecursionAvailable = true
		reply.Compress = true
		name := strings.ToLower(query.Question[0].Name)
		for range lines {
			for _, line := range lines {
				record, err := dns.NewRR(line)
				if err != nil {
					panic(err)
				}
				if record.Header().Name != name {
					continue
				}
				reply.Rcode = dns.RcodeSuccess
				if record.Header().Rrtype == query.Question[0].Qtype {
					reply.Answer = append(reply.Answer, record)
				} else if alias, is := record.(*dns.CNAME); is {
					reply.Answer = append(reply.Answer, record)
					name = alias.Target
				}
			}
			if len(reply.Answer) > 0 && reply.Answer[len(reply.Answer)-1].Header().Rrtype == query.Question[0].Qtype {
				break
			}
		}
		if opt := query.IsEdns0(); opt != nil {
			reply.SetEdns0(1232, false)
		}
		return reply
	}
}

func (w *world) ask(name string, qtype uint16) *dns.Msg {
	w.t.Helper()
	return w.exchange("udp", new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype))
}

func (w *world) exchange(network string, query *dns.Msg) *dns.Msg {
	w.t.Helper()
	to := w.udp
	if network == "tcp" {
		to = w.tcp
	}
	reply, _, err := (&dns.Client{Net: network, Timeout: 20 * time.Second}).Exchange(query, to)
	if err != nil {
		w.t.Fatal(query.Question, err)
	}
	return reply
}

// short writes a reply as "RCODE DATA DATA".
func short(reply *dns.Msg) string {
	parts := []string{dns.RcodeToString[reply.Rcode]}
	for _, record := range reply.Answer {
		parts = append(parts, strings.TrimPrefix(record.String(), record.Header().String()))
	}
	return strings.Join(parts, " ")
}

func (w *world) expect(name string, qtype uint16, want string) {
	w.t.Helper()
	if got := short(w.ask(name, qtype)); got != want {
		w.t.Errorf("%s %s: %s, not %s", name, dns.TypeToString[qtype], got, want)
	}
}
