package testguest

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

// Echo serves a TCP echo on a listener until it is closed: it answers everything, and ends when the client has ended.
func Echo(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}()
	}
}

// Return serves what a guest is to have as a server for many bytes: it answers everything, but only after the client has
// ended. An Echo that stops reading because its client does not would not end here: gVisor takes back windows that it has
// offered, as Linux never does, and then takes no acknowledgement from a peer that has used them.
func Return(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			if everything, err := io.ReadAll(conn); err == nil {
				_, _ = conn.Write(everything)
			}
			_ = conn.Close()
		}()
	}
}

// EchoUDP answers packets until the socket is closed.
func EchoUDP(socket net.PacketConn) {
	buffer := make([]byte, 65535)
	for {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return
		}
		_, _ = socket.WriteTo(buffer[:n], from)
	}
}

// HostEcho starts a TCP and a UDP echo on the host's loopback, on one port.
func HostEcho(t testing.TB) uint16 {
	t.Helper()
	listener, port := HostPort(t)
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
	if errors.Is(err, syscall.EADDRINUSE) {
		// Somebody has it for UDP. The listener keeps it for TCP, so the next one is another.
		return HostEcho(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	go Echo(listener)
	go EchoUDP(socket)
	return port
}

// HostPort is a TCP listener on the host's loopback.
func HostPort(t testing.TB) (net.Listener, uint16) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener, netip.MustParseAddrPort(listener.Addr().String()).Port()
}
