package network

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"berth.dev/netd/internal/testguest"
)

// The guest's stack runs in this process, too: look at the profile for netd's share.

func BenchmarkOutward(b *testing.B) {
	guest := join(b, newNetwork(b), 2)
	listener, port := testguest.HostPort(b)
	b.SetBytes(1 << 20)
	go func() {
		chunk := make([]byte, 1<<20)
		conn, err := guest.Dial(b.Context(), netip.AddrPortFrom(host4, port))
		for i := 0; err == nil && i < b.N; i++ {
			_, err = conn.Write(chunk)
		}
		if err == nil {
			_ = conn.CloseWrite()
		}
	}()
	server, err := listener.Accept()
	if err != nil {
		b.Fatal(err)
	}
	discard(b, server)
}

func BenchmarkInward(b *testing.B) {
	guest := join(b, newNetwork(b), 2)
	listener, port := testguest.HostPort(b)
	b.SetBytes(1 << 20)
	conn, err := guest.Dial(b.Context(), netip.AddrPortFrom(host4, port))
	if err != nil {
		b.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		chunk := make([]byte, 1<<20)
		for i := 0; err == nil && i < b.N; i++ {
			_, err = server.Write(chunk)
		}
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	discard(b, conn)
}

func discard(b *testing.B, from io.Reader) {
	b.Helper()
	buffer := make([]byte, 1<<20)
	for total := 0; ; {
		n, err := from.Read(buffer)
		total += n
		if err == io.EOF && total == b.N<<20 {
			return
		}
		if err != nil {
			b.Fatal(total, err)
		}
	}
}
