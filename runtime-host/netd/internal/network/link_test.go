package network

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/testguest"
)

// arpRequest is what a guest sends to find a neighbour, and what changes the neighbour's mind about who it is.
func arpRequest(ethernetSource, sender api.MAC, address, target netip.Addr) []byte {
	frame := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, ethernetSource[:]...)
	frame = append(frame, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
	frame = append(append(frame, sender[:]...), address.AsSlice()...)
	return append(append(frame, make([]byte, 6)...), target.AsSlice()...)
}

func TestSpoofedFramesAreDropped(t *testing.T) {
	n := newNetwork(t)
	bad, victim := join(t, n, 2), join(t, n, 3)
	me, other := memberSpec(2), memberSpec(3)
	arrived := make(chan []byte, 16)
	victim.Tap(func(frame []byte) {
		if frame[12] != 0x86 { // the other guest's stack itself talks about IPv6
			arrived <- append([]byte(nil), frame...)
		}
	})
	ipv4 := func(source netip.Addr) []byte {
		frame := append(append(append([]byte{}, other.MAC[:]...), me.MAC[:]...), 8, 0)
		header := make([]byte, 40)
		header[0], header[8], header[9] = 0x45, 64, 17
		binary.BigEndian.PutUint16(header[2:], 40)
		copy(header[12:], source.AsSlice())
		copy(header[16:], other.Address4.AsSlice())
		return append(frame, header...)
	}
	spoofed := [][]byte{
		arpRequest(other.MAC, other.MAC, other.Address4, other.Address4), // somebody else's Ethernet address
		arpRequest(me.MAC, me.MAC, n.spec.Gateway4, other.Address4),      // the gateway's address
		arpRequest(me.MAC, other.MAC, me.Address4, other.Address4),
		ipv4(n.spec.Gateway4),
		ipv4(netip.MustParseAddr("8.8.8.8")),
		append(append(append([]byte{}, other.MAC[:]...), me.MAC[:]...), 0x81, 0, 0, 1, 8, 0), // a VLAN
		{1, 2, 3}, // no frame at all
		make([]byte, testMTU+100),
	}
	for _, frame := range spoofed {
		bad.SendFrame(frame)
	}
	honest := arpRequest(me.MAC, me.MAC, me.Address4, other.Address4)
	bad.SendFrame(honest)
	if first := <-arrived; string(first) != string(honest) {
		t.Fatalf("% x got through", first)
	}
	if status, err := n.Status("box2"); err != nil || status.DroppedFrames != uint64(len(spoofed)) {
		t.Fatalf("%+v, %v", status, err)
	}
}

func TestAbsurdLengthEndsTheLink(t *testing.T) {
	n := newNetwork(t)
	events, cancel := n.events.Subscribe()
	defer cancel()
	guest := join(t, n, 2)
	guest.SendRaw([]byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3})
	for _, want := range []string{"hello", "link up", "link down"} {
		event := <-events
		got := event.Type
		if event.Up != nil {
			got += map[bool]string{true: " up", false: " down"}[*event.Up]
		}
		if got != want {
			t.Fatalf("%s instead of %s", got, want)
		}
	}
	// It can be linked again, and works.
	if err := n.Connect(t.Context(), "box2", api.Link{Socket: guest.Socket}); err != nil {
		t.Fatal(err)
	}
	guest.Linked()
	openEcho(t, guest, testguest.HostEcho(t))
}

func TestConnectingTwiceChangesNothing(t *testing.T) {
	n := newNetwork(t)
	guest := join(t, n, 2)
	conn := openEcho(t, guest, testguest.HostEcho(t))
	if err := n.Connect(t.Context(), "box2", api.Link{Socket: guest.Socket}); err != nil {
		t.Fatal(err)
	}
	pingPong(t, conn)
}

// deaf is a machine that reads nothing.
func deaf(t *testing.T, n *Network, number byte) {
	t.Helper()
	path := t.TempDir() + "/net0.sock"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	spec := memberSpec(number)
	if _, err := n.Put(spec.Name, spec); err != nil {
		t.Fatal(err)
	}
	if err := n.Connect(t.Context(), spec.Name, api.Link{Socket: path}); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
}

// A machine that was torn off within a frame must be able to give up that frame.
func TestRefusedMachineCannotSend(t *testing.T) {
	n := newNetwork(t)
	path := t.TempDir() + "/net0.sock"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	spec := memberSpec(4)
	if _, err := n.Put(spec.Name, spec); err != nil {
		t.Fatal(err)
	}
	for _, refuse := range []bool{true, false} {
		if err := n.Connect(t.Context(), spec.Name, api.Link{Socket: path, Refuse: refuse}); err != nil {
			t.Fatal(err)
		}
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write(make([]byte, 4)); (err != nil) != refuse {
			t.Errorf("refused: %v, but sending said %v", refuse, err)
		}
		if status, _ := n.Status(spec.Name); status.Linked == refuse {
			t.Errorf("refused: %v, linked: %v", refuse, status.Linked)
		}
	}
}

func TestDeafMemberStallsNobody(t *testing.T) {
	n := newNetwork(t)
	deaf(t, n, 3)
	guest := join(t, n, 2)
	me, other := memberSpec(2), memberSpec(3)
	frame := append(append(append([]byte{}, other.MAC[:]...), me.MAC[:]...), 8, 0, 0x45)
	frame = append(frame, make([]byte, 60000)...)
	copy(frame[14+12:], me.Address4.AsSlice())
	copy(frame[14+16:], other.Address4.AsSlice())
	for range 1000 {
		guest.SendFrame(frame)
	}
	conn := openEcho(t, guest, testguest.HostEcho(t))
	if err := conn.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := exchange(conn, 1_000_000); err != nil {
		t.Fatal(err)
	}
	status, err := n.Status("box3")
	if err != nil || status.DroppedFrames == 0 {
		t.Fatalf("nothing was dropped: %+v, %v", status, err)
	}
	n.Remove("box3")
}
