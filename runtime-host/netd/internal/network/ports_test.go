package network

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"testing"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/testguest"
)

func withPorts(ports ...api.Port) func(*api.Member) {
	return func(m *api.Member) { m.Ports = ports }
}

func hostDial(t *testing.T, network, address string, port uint16) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, net.JoinHostPort(address, strconv.Itoa(int(port))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func ports(t *testing.T, n *Network, id string) []api.Port {
	t.Helper()
	status, err := n.Status(id)
	if err != nil {
		t.Fatal(err)
	}
	return status.Ports
}

func TestPublishedPorts(t *testing.T) {
	n := newNetwork(t)
	guest := join(t, n, 2, withPolicy("none"), withPorts(
		api.Port{ContainerPort: 80, Protocol: "tcp"}, api.Port{ContainerPort: 53, Protocol: "udp"}, api.Port{ContainerPort: 81, Protocol: "tcp"}))
	go testguest.Return(guest.Listen(80))
	go testguest.EchoUDP(guest.ListenUDP(53))
	published := ports(t, n, "box2")
	for _, size := range []int{1, 100_000, 50_000_000} {
		if err := exchange(hostDial(t, "tcp", "127.0.0.1", published[0].HostPort).(*net.TCPConn), size); err != nil {
			t.Fatal(err)
		}
	}
	wantEcho(t, hostDial(t, "udp", "127.0.0.1", published[1].HostPort), 1000)
	// The reset may come before the dial has returned.
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(int(published[2].HostPort))))
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("a port where nobody listens: %v", err)
	}
}

func TestPortsAreTakenOrNothingChanges(t *testing.T) {
	n := newNetwork(t)
	_, taken := testguest.HostPort(t)
	guest := join(t, n, 2, withPorts(api.Port{ContainerPort: 80, Protocol: "tcp"}))
	go testguest.Echo(guest.Listen(80))
	before := ports(t, n, "box2")
	conn := hostDial(t, "tcp", "127.0.0.1", before[0].HostPort)
	pingPong(t, conn)

	spec := memberSpec(2)
	spec.Ports = []api.Port{{ContainerPort: 81, Protocol: "tcp"}, {HostPort: taken, ContainerPort: 82, Protocol: "tcp"}}
	_, err := n.Put("box2", spec)
	var failed *api.Error
	if !errors.As(err, &failed) || failed.Code != "PortInUse" || failed.Port != taken || failed.Protocol != "tcp" || failed.Address != "127.0.0.1" {
		t.Fatalf("%+v", err)
	}
	if after := ports(t, n, "box2"); len(after) != 1 || after[0] != before[0] {
		t.Fatalf("%+v became %+v", before, after)
	}
	pingPong(t, conn)
}

func TestPortsChangeLive(t *testing.T) {
	n := newNetwork(t)
	stays, goes := api.Port{ContainerPort: 80, Protocol: "tcp"}, api.Port{HostAddress: "127.0.0.1", ContainerPort: 80, Protocol: "tcp"}
	guest := join(t, n, 2, withPorts(stays, goes))
	go testguest.Echo(guest.Listen(80))
	before := ports(t, n, "box2")
	kept, ended := hostDial(t, "tcp", "127.0.0.1", before[0].HostPort), hostDial(t, "tcp", "127.0.0.1", before[1].HostPort)
	pingPong(t, kept)
	pingPong(t, ended)

	spec := memberSpec(2)
	spec.Ports = []api.Port{{HostPort: before[1].HostPort, ContainerPort: 81, Protocol: "tcp"}, stays}
	if _, err := n.Put("box2", spec); err != nil {
		t.Fatal(err)
	}
	after := ports(t, n, "box2")
	if after[1] != before[0] || after[0].HostPort != before[1].HostPort || after[0].ContainerPort != 81 {
		t.Fatalf("%+v became %+v", before, after)
	}
	pingPong(t, kept)
	if _, err := ended.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Fatalf("a connection of a port that is gone: %v", err)
	}
	again, err := n.Put("box2", spec)
	if err != nil || again.Ports[0] != after[0] || again.Ports[1] != after[1] {
		t.Fatalf("not idempotent: %+v, %v", again, err)
	}
	pingPong(t, kept)
}

func TestHalfCloseAndResetsPass(t *testing.T) {
	n := newNetwork(t)
	guest := join(t, n, 2)
	listener, port := testguest.HostPort(t)
	conn, err := guest.Dial(patience(t), netip.AddrPortFrom(host4, port))
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	// The server ends its direction first; the other one goes on.
	if err := server.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("late")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(server, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	_ = server.(*net.TCPConn).SetLinger(0)
	_ = server.Close()
	// The reset takes away the guest's end, too.
	for {
		if _, err := conn.Write([]byte{1}); err != nil {
			return
		}
	}
}
