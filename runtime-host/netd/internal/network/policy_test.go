package network

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/testguest"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
)

func withPolicy(mode string, allow ...string) func(*api.Member) {
	return func(m *api.Member) { m.Policy = api.Policy{Mode: mode, Allow: allow} }
}

// refusedAtOnce: a RST, not silence.
func refusedAtOnce(t *testing.T, guest *testguest.Guest, destination netip.AddrPort) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := guest.Dial(ctx, destination)
	if err == nil {
		_ = conn.Close()
		t.Fatalf("%s was reached", destination)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%s: no answer", destination)
	}
}

func denied(t *testing.T, n *Network, id, destination, protocol string) {
	t.Helper()
	status, err := n.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range status.Activity {
		if entry.Destination == destination && entry.Protocol == protocol && entry.Verdict == "denied" && entry.Count > 0 {
			return
		}
	}
	t.Fatalf("%s %s was not counted: %+v", protocol, destination, status.Activity)
}

func TestHostNeedsToBeAllowed(t *testing.T) {
	n := newNetwork(t)
	port := testguest.HostEcho(t)
	open := join(t, n, 2, withPolicy("open"))
	refusedAtOnce(t, open, netip.AddrPortFrom(host4, port))
	denied(t, n, "box2", host4.String(), "tcp")
	for _, address := range []string{"169.254.169.254", "64:ff9b::7f00:1"} {
		refusedAtOnce(t, open, netip.AddrPortFrom(netip.MustParseAddr(address), port))
	}
	// What an honest guest's own routes keep from being sent to the gateway.
	for _, address := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1", "192.168.80.1", "192.168.80.3", "192.168.80.255", "fd00:80::3"} {
		if _, allowed := n.find("box2").Route(netip.AddrPortFrom(netip.MustParseAddr(address), port), "tcp"); allowed {
			t.Errorf("%s may be dialled", address)
		}
	}
	only := join(t, n, 3, withPolicy("host-only"))
	conn, err := only.Dial(patience(t), netip.AddrPortFrom(host4, port))
	if err != nil {
		t.Fatal(err)
	}
	if err := exchange(conn, 1000); err != nil {
		t.Fatal(err)
	}
	refusedAtOnce(t, only, netip.MustParseAddrPort("192.0.2.1:80"))
}

func TestRestrictedMemberBeginsNothingWithNeighbours(t *testing.T) {
	n := newNetwork(t)
	restricted, other := join(t, n, 2, withPolicy("none")), join(t, n, 3)
	go testguest.Echo(other.Listen(80))
	refusedAtOnce(t, restricted, netip.AddrPortFrom(memberSpec(3).Address4, 80))
	denied(t, n, "box2", memberSpec(3).Address4.String(), "tcp")

	// What the neighbour begins is answered.
	go testguest.Echo(restricted.Listen(80))
	conn, err := other.Dial(patience(t), netip.AddrPortFrom(memberSpec(2).Address4, 80))
	if err != nil {
		t.Fatal(err)
	}
	if err := exchange(conn, 100_000); err != nil {
		t.Fatal(err)
	}
	go testguest.EchoUDP(restricted.ListenUDP(53))
	wantEcho(t, other.DialUDP(netip.AddrPortFrom(memberSpec(2).Address4, 53)), 100)
}

func TestAllowlistNamesNeighbours(t *testing.T) {
	n := newNetwork(t)
	member := join(t, n, 2, withPolicy("allowlist", "box3:80"))
	go testguest.Echo(join(t, n, 3).Listen(80))
	conn, err := member.Dial(patience(t), netip.AddrPortFrom(memberSpec(3).Address4, 80))
	if err != nil {
		t.Fatal(err)
	}
	if err := exchange(conn, 1000); err != nil {
		t.Fatal(err)
	}
}

func TestTightenedPolicyEndsConnections(t *testing.T) {
	n := newNetwork(t)
	guest := join(t, n, 2)
	port := testguest.HostEcho(t)
	conn := openEcho(t, guest, port)
	spec := memberSpec(2)
	withPolicy("open", "host.berth.internal:"+"1")(&spec)
	if _, err := n.Put("box2", spec); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection was not reset: %v", err)
	}
}

func TestTightenedPolicyEndsConnectionsWithNeighbours(t *testing.T) {
	n := newNetwork(t)
	guest, other := join(t, n, 2), join(t, n, 3)
	go testguest.Echo(other.Listen(80))
	ended := make(chan error, 1)
	listener := other.Listen(81)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			_, err = io.Copy(conn, conn)
		}
		ended <- err
	}()
	conns := map[uint16]*gonet.TCPConn{}
	for _, port := range []uint16{80, 81} {
		conn, err := guest.Dial(patience(t), netip.AddrPortFrom(memberSpec(3).Address4, port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		pingPong(t, conn)
		conns[port] = conn
	}
	spec := memberSpec(2)
	withPolicy("allowlist", "box3:80")(&spec)
	if _, err := n.Put("box2", spec); err != nil {
		t.Fatal(err)
	}
	pingPong(t, conns[80])
	// gVisor tells of a reset once, to whoever reads or writes first.
	_, err := conns[81].Write([]byte{1})
	if err == nil {
		_, err = conns[81].Read(make([]byte, 1))
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("not ended: %v", err)
	}
	if err := <-ended; err == nil {
		t.Fatal("the neighbour was not told")
	}
}

// openEcho makes a connection that is known to work.
func openEcho(t *testing.T, guest *testguest.Guest, port uint16) *gonet.TCPConn {
	t.Helper()
	conn, err := guest.Dial(patience(t), netip.AddrPortFrom(host4, port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	pingPong(t, conn)
	return conn
}

func pingPong(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestEchoRequests(t *testing.T) {
	n := newNetwork(t)
	guest := join(t, n, 2, withPolicy("none"))
	me := memberSpec(2)
	answers := make(chan [3]byte, 16)
	guest.Tap(func(frame []byte) {
		switch {
		case frame[12] == 8 && frame[13] == 0 && frame[14+9] == 1:
			answers <- [3]byte{4, frame[14+20], frame[14+21]}
		case frame[12] == 0x86 && frame[14+6] == 58 && frame[14+40] != 135 && frame[14+40] != 136:
			answers <- [3]byte{6, frame[14+40], frame[14+41]}
		}
	})
	for _, test := range []struct {
		to   string
		want [3]byte
	}{
		{"192.168.80.1", [3]byte{4, 0, 0}}, {host4.String(), [3]byte{4, 0, 0}}, {"192.0.2.1", [3]byte{4, 3, 13}},
		{"fd00:80::1", [3]byte{6, 129, 0}}, {"2001:db8::1", [3]byte{6, 1, 1}},
	} {
		guest.SendFrame(testguest.Ping(me.MAC, n.spec.GatewayMAC, me.Address4, me.Address6, netip.MustParseAddr(test.to)))
		if got := <-answers; got != test.want {
			t.Errorf("%s: %v", test.to, got)
		}
	}
	denied(t, n, "box2", "192.0.2.1", "icmp")
	denied(t, n, "box2", "2001:db8::1", "icmp")
}
