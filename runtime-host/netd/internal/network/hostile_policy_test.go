package network

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/ethernet"
	"berth.dev/netd/internal/relay"
	"berth.dev/netd/internal/testguest"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
)

type aborted chan struct{}

func (a aborted) Abort() { close(a) }

func tighten(t *testing.T, n *Network) {
	t.Helper()
	spec := memberSpec(2)
	withPolicy("none")(&spec)
	if _, err := n.Put("box2", spec); err != nil {
		t.Fatal(err)
	}
}

// A destination may answer long after it was dialled.
func TestPolicyIsAskedAgainWhenADestinationAnswers(t *testing.T) {
	n := newNetwork(t)
	join(t, n, 2)
	member := n.find("box2")
	destination := netip.MustParseAddrPort("192.0.2.1:80")
	if _, allowed := member.Route(destination, "tcp"); !allowed {
		t.Fatal("may not be dialled")
	}
	tighten(t, n)
	flow := make(aborted)
	end, ok := member.Begin(flow, relay.Destination{Address: destination, Protocol: "tcp"})
	if !ok {
		t.Fatal("the member is gone")
	}
	defer end()
	select {
	case <-flow:
	default:
		t.Fatal("the connection goes on")
	}
}

func TestTightenedPolicyEndsConnectionsByLinkLocalAddresses(t *testing.T) {
	n := newNetwork(t)
	guest, other := join(t, n, 2), join(t, n, 3)
	// The test's guests have no link-local addresses of their own: those that the switch admits are given to them.
	for number, g := range map[byte]*testguest.Guest{2: guest, 3: other} {
		g.AddAddress(ethernet.LinkLocal(memberSpec(number).MAC))
	}
	go testguest.Echo(other.Listen6(80))
	conn, err := guest.DialFrom(patience(t), ethernet.LinkLocal(memberSpec(2).MAC), netip.AddrPortFrom(ethernet.LinkLocal(memberSpec(3).MAC), 80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	pingPong(t, conn)
	tighten(t, n)
	wantReset(t, conn)
}

// The neighbour's answers do not make it the one who began.
func TestTightenedPolicyEndsUDPWithNeighbours(t *testing.T) {
	n := newNetwork(t)
	guest, other := join(t, n, 2), join(t, n, 3)
	to := memberSpec(3).Address4
	socket := other.ListenUDP(80)
	packet := make([]byte, 10)
	conn := guest.DialUDP(netip.AddrPortFrom(to, 80))
	defer conn.Close()
	send := func() net.Addr {
		if _, err := conn.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		_, from, err := socket.ReadFrom(packet)
		if err != nil {
			t.Fatal(err)
		}
		return from
	}
	from := send()
	tighten(t, n)
	if _, err := socket.WriteTo([]byte{2}, from); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(packet); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	// What comes next is from a flow that the neighbour begins, on the same link.
	go testguest.EchoUDP(guest.ListenUDP(53))
	answer := other.DialUDP(netip.AddrPortFrom(memberSpec(2).Address4, 53))
	defer answer.Close()
	wantEcho(t, answer, 100)
	denied(t, n, "box2", to.String(), "udp")
}

func wantReset(t *testing.T, conn *gonet.TCPConn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := conn.Write([]byte{1})
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil || isTimeout(err) {
		t.Fatalf("not ended: %v", err)
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// Short connections are forgotten before one that goes on, which a tightened policy is to end.
func TestShortConnectionsDoNotHideALongOne(t *testing.T) {
	var begun conversations
	end := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(host4, port) }
	for port := range uint16(100) {
		begun.note(conversation{end(80), end(port)}, forEver)
	}
	for port := uint16(1000); port < 60_000; port++ {
		short := conversation{end(80), end(port)}
		begun.note(short, forEver)
		begun.end(short, time.Now().Add(answerTime))
	}
	for port := range uint16(100) {
		if !begun.has(conversation{end(80), end(port)}) {
			t.Fatalf("connection %d is forgotten", port)
		}
	}
	if len(begun.until) > maxConversations {
		t.Fatalf("%d are remembered", len(begun.until))
	}
}

// Not only echo requests ask something of a neighbour: its clock, its names.
func TestRestrictedMemberAsksNeighboursNothingByICMP(t *testing.T) {
	n := newNetwork(t)
	join(t, n, 2, withPolicy("none"))
	join(t, n, 3)
	me, other := memberSpec(2), memberSpec(3)
	member := n.find("box2")
	for kind := range 256 {
		frames := map[string][]byte{"4": icmpFrame(me, other, other.Address4), "6": icmpFrame(me, other, other.Address6)}
		frames["4"][14+20], frames["6"][14+40] = byte(kind), byte(kind)
		reports4 := kind == 0 || kind == 3 || kind == 11 || kind == 12
		reports6 := kind >= 1 && kind <= 4 || kind >= 129 && kind <= 132 || kind == 135 || kind == 136 || kind == 143
		if passes := member.mayReachNeighbours(frames["4"]); passes != reports4 {
			t.Errorf("ICMP type %d: %t", kind, passes)
		}
		if passes := member.mayReachNeighbours(frames["6"]); passes != reports6 {
			t.Errorf("ICMPv6 type %d: %t", kind, passes)
		}
	}
}

func icmpFrame(me, other api.Member, to netip.Addr) []byte {
	return testguest.Ping(me.MAC, other.MAC, me.Address4, me.Address6, to)
}
