package network

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/testguest"
	"gvisor.dev/gvisor/pkg/buffer"
)

// plausible makes frames of every kind, so that mutations of them get far.
func plausible(source, destination api.MAC, me api.Member, to4, to6 netip.Addr) [][]byte {
	ipv4 := func(protocol byte, payload ...byte) []byte {
		frame := append(append(append([]byte{}, destination[:]...), source[:]...), 8, 0)
		header := make([]byte, 20)
		header[0], header[8], header[9] = 0x45, 64, protocol
		binary.BigEndian.PutUint16(header[2:], uint16(20+len(payload)))
		copy(header[12:], me.Address4.AsSlice())
		copy(header[16:], to4.AsSlice())
		return append(append(frame, header...), payload...)
	}
	ipv6 := func(next byte, payload ...byte) []byte {
		frame := append(append(append([]byte{}, destination[:]...), source[:]...), 0x86, 0xdd)
		header := make([]byte, 40)
		header[0], header[6], header[7] = 0x60, next, 64
		binary.BigEndian.PutUint16(header[4:], uint16(len(payload)))
		copy(header[8:], me.Address6.AsSlice())
		copy(header[24:], to6.AsSlice())
		return append(append(frame, header...), payload...)
	}
	syn := []byte{0x80, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0}
	ack := []byte{0x80, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 9, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0, 'x'}
	datagram := []byte{0x80, 0, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4}
	solicitation := append(append([]byte{135, 0, 0, 0, 0, 0, 0, 0}, to6.AsSlice()...), append([]byte{1, 1}, source[:]...)...)
	return [][]byte{
		arpRequest(source, source, me.Address4, to4),
		ipv4(6, syn...), ipv4(6, ack...), ipv4(17, datagram...), ipv4(1, 8, 0, 0, 0, 0, 1, 0, 1), ipv4(2, 0x16, 0, 0, 0, 224, 0, 0, 251), ipv4(132, 1, 2, 3, 4),
		ipv6(6, syn...), ipv6(6, ack...), ipv6(17, datagram...), ipv6(58, 128, 0, 0, 0, 0, 1, 0, 1), ipv6(58, solicitation...),
		ipv6(0, append([]byte{6, 0, 0, 0, 0, 0, 0, 0}, syn...)...), ipv6(44, append([]byte{6, 0, 0, 1, 0, 0, 0, 1}, syn...)...),
		ipv6(43, append([]byte{60, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0}, datagram...)...),
	}
}

// A panic would end the network of everybody.
func TestHostileFramesHurtNobody(t *testing.T) {
	n := newNetwork(t)
	join(t, n, 2, withPolicy("none"))
	victim := join(t, n, 3)
	hostile, me, other := n.find("box2"), memberSpec(2), memberSpec(3)
	var frames [][]byte
	for _, destination := range []api.MAC{n.spec.GatewayMAC, other.MAC, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x33, 0x33, 0, 0, 0, 1}} {
		frames = append(frames, plausible(me.MAC, destination, me, other.Address4, other.Address6)...)
		frames = append(frames, plausible(me.MAC, destination, me, n.spec.Gateway4, n.spec.Gateway6)...)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		frame := append([]byte(nil), frames[random.IntN(len(frames))]...)
		for range random.IntN(4) {
			frame[12+random.IntN(len(frame)-12)] = byte(random.Uint32())
		}
		if random.IntN(4) == 0 {
			frame = frame[:14+random.IntN(len(frame)-13)]
		}
		hostile.receive(buffer.NewViewWithData(frame))
	}
	openEcho(t, victim, testguest.HostEcho(t))
}

// Each connection takes a file descriptor, of which the process has only so many for all members.
func TestMemberCannotTakeAllConnections(t *testing.T) {
	n := newNetwork(t)
	n.forwarder.MaxFlows = 3
	port := testguest.HostEcho(t)
	greedy, other := join(t, n, 2), join(t, n, 3)
	first := openEcho(t, greedy, port)
	for range 2 {
		openEcho(t, greedy, port)
	}
	attempt := make(chan error, 1)
	go func() {
		conn, err := greedy.Dial(patience(t), netip.AddrPortFrom(host4, port))
		if err == nil {
			defer conn.Close()
		}
		attempt <- err
	}()
	openEcho(t, other, port)
	select {
	case err := <-attempt:
		t.Fatalf("a fourth connection was answered: %v", err)
	default:
	}
	_ = first.Close()
	if err := <-attempt; err != nil {
		t.Fatalf("the end of one makes no room for another: %v", err)
	}
}

// Of many connections each has little memory, and carries as well.
func TestCrowdOfConnections(t *testing.T) {
	guest := join(t, newNetwork(t), 2)
	port := testguest.HostEcho(t)
	for range 130 {
		openEcho(t, guest, port)
	}
	for _, size := range []int{1, 65536, 65537, 5_000_000} {
		conn, err := guest.Dial(patience(t), netip.AddrPortFrom(host4, port))
		if err != nil {
			t.Fatal(err)
		}
		if err := exchange(conn, size); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
}
