package network

import (
	"berth.dev/netd/internal/api"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path/filepath"
	"testing"

	"berth.dev/netd/internal/testguest"
)

const (
	fin, syn, rst, ack = 1, 2, 4, 16
	ownPort            = 40_000
)

// segment is a frame from a member to the host's alias.
func segment(n *Network, port uint16, seq, acknowledged uint32, flags byte) []byte {
	me := memberSpec(2)
	tcp := make([]byte, 20)
	binary.BigEndian.PutUint16(tcp, ownPort)
	binary.BigEndian.PutUint16(tcp[2:], port)
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], acknowledged)
	tcp[12], tcp[13], tcp[14] = 0x50, flags, 0xff
	header := make([]byte, 20)
	header[0], header[3], header[8], header[9] = 0x45, 40, 64, 6
	copy(header[12:], me.Address4.AsSlice())
	copy(header[16:], host4.AsSlice())
	return bytes.Join([][]byte{{0, 0, 0, 54}, n.spec.GatewayMAC[:], me.MAC[:], {8, 0}, header, tcp}, nil)
}

// await reads frames until there is a TCP segment with some flags, and gives its sequence number.
func await(t *testing.T, conn net.Conn, flags byte) uint32 {
	t.Helper()
	for {
		var length [4]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, binary.BigEndian.Uint32(length[:]))
		if _, err := io.ReadFull(conn, frame); err != nil {
			t.Fatal(err)
		}
		if frame[12] == 8 && frame[13] == 0 && frame[14+9] == 6 && frame[34+13]&flags == flags {
			return binary.BigEndian.Uint32(frame[34+4:])
		}
	}
}

// rawGuest makes a member whose frames are the test's own.
func rawGuest(t *testing.T, n *Network, spec api.Member) net.Conn {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "net0.sock")
	machine, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer machine.Close()
	if _, err := n.Put(spec.Name, spec); err != nil {
		t.Fatal(err)
	}
	if err := n.Connect(t.Context(), spec.Name, api.Link{Socket: socket}); err != nil {
		t.Fatal(err)
	}
	conn, err := machine.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// A guest that hears nothing for a second repeats its SYN, which it began but once.
func TestRepeatedSynIsCountedOnce(t *testing.T) {
	n := newNetwork(t)
	spec := memberSpec(2)
	withPolicy("none")(&spec)
	conn := rawGuest(t, n, spec)
	for _, attempt := range []struct{ sequence, count uint32 }{{100, 1}, {100, 1}, {200, 2}, {100, 2}} {
		if _, err := conn.Write(segment(n, 80, attempt.sequence, 0, syn)); err != nil {
			t.Fatal(err)
		}
		await(t, conn, rst)
		status, err := n.Status(spec.Name)
		if err != nil || len(status.Activity) != 1 || status.Activity[0].Count != uint64(attempt.count) {
			t.Fatalf("%+v: %+v %v", attempt, status.Activity, err)
		}
	}
}

// A connection that has ended, but of which the guest acknowledges nothing any more, still takes memory: it counts until
// it is over, and ends with the member.
func TestConnectionWhoseEndIsNotAcknowledged(t *testing.T) {
	n := newNetwork(t)
	server, port := testguest.HostPort(t)
	spec := memberSpec(2)
	conn := rawGuest(t, n, spec)
	send := func(frame []byte) {
		if _, err := conn.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	send(segment(n, port, 100, 0, syn))
	theirs := await(t, conn, syn|ack)
	send(segment(n, port, 101, theirs+1, ack|fin))
	outside, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(outside); err != nil {
		t.Fatal(err)
	}
	_ = outside.Close()
	await(t, conn, fin)
	// Whoever forgot the connection would have done so by now.
	openEcho(t, join(t, n, 3), testguest.HostEcho(t))
	if flows := n.find(spec.Name).Flows(); flows != 1 {
		t.Errorf("%d flows", flows)
	}
	connected := n.gateway.Stack().Stats().TCP.CurrentConnected
	before := connected.Value()
	n.Remove(spec.Name)
	if after := connected.Value(); after != before-1 {
		t.Errorf("of %d connections %d are left", before, after)
	}
}
