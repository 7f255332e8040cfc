// Package forward makes what guests begin with the outside world come true with the host's own sockets: a TCP
// connection or a UDP flow of a guest ends in the gateway's stack, and another one from this process takes its place.
package forward

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"syscall"

	"berth.dev/netd/internal/gateway"
	"berth.dev/netd/internal/relay"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const (
	// maxFlows are the connections and UDP flows, and maxConnecting the unanswered connections, that one member may have
	// at a time.
	maxFlows      = 8192
	maxConnecting = 2048
	// share is the part of the process's file descriptors that one member may have at most: each flow takes one.
	share = 4
	// crowd is how many flows a member has when further connections are to take little memory.
	crowd = 128
	// maxInFlight are unanswered connections of all members.
	maxInFlight = 1 << 16
)

// Owner is a member, as far as its traffic with the outside is concerned.
type Owner interface {
	// Route says whether the member may begin something with a destination, and what to dial for it, in turn.
	Route(destination netip.AddrPort, protocol string) ([]netip.AddrPort, bool)
	// Count counts an attempt to begin something, and CountSyn one with TCP: once, however often the guest repeats its SYN.
	Count(destination netip.AddrPort, protocol string)
	CountSyn(source, destination netip.AddrPort, sequence uint32)
	// Begin says that a flow has begun, and end that it has ended. When the member is gone the flow is aborted.
	Begin(flow relay.Flow, destination relay.Destination) (end func(), ok bool)
	// Flows is the number of flows that go on.
	Flows() int
}

// Forwarder serves a gateway. Close ends it; the flows belong to their owners.
type Forwarder struct {
	owner   func(netip.Addr) Owner
	gateway *gateway.Gateway
	// Connections of a member that has a crowd of them begin with a small window.
	tcp, crowded *tcp.Forwarder
	context      context.Context
	cancel       context.CancelFunc
	// MaxFlows is how many connections and UDP flows one member may have. It does not change once there are members.
	MaxFlows int

	mu         sync.Mutex
	connecting map[Owner]int
}

// New takes over what the gateway's stack has no endpoint for. owner finds the member with an address, or nil.
func New(g *gateway.Gateway, owner func(netip.Addr) Owner) *Forwarder {
	f := &Forwarder{owner: owner, gateway: g, connecting: map[Owner]int{}, MaxFlows: flowsOfMember()}
	f.context, f.cancel = context.WithCancel(context.Background())
	f.tcp = tcp.NewForwarder(g.Stack(), gateway.ReceiveWindow, maxInFlight, func(r *tcp.ForwarderRequest) { f.connection(r, false) })
	f.crowded = tcp.NewForwarder(g.Stack(), gateway.CrowdedWindow, maxInFlight, func(r *tcp.ForwarderRequest) { f.connection(r, true) })
	g.Stack().SetTransportProtocolHandler(tcp.ProtocolNumber, f.handleTCP)
	g.Stack().SetTransportProtocolHandler(udp.ProtocolNumber, f.handleUDP)
	return f
}

func flowsOfMember() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return maxFlows
	}
	return int(min(limit.Cur/share, maxFlows))
}

// Close gives up the connections that are being made.
func (f *Forwarder) Close() { f.cancel() }

// unicast says whether something can be forwarded at all. What is for many is dropped without an answer.
func unicast(address netip.Addr) bool {
	return !address.IsMulticast() && !address.IsUnspecified() && address != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// handleTCP decides about a segment for which there is no connection; false makes the stack answer with a RST.
func (f *Forwarder) handleTCP(id stack.TransportEndpointID, packet *stack.PacketBuffer) bool {
	guest, destination := gateway.Ends(id)
	if !unicast(destination.Addr()) {
		return true
	}
	segment := header.TCP(packet.TransportHeader().Slice())
	if segment.Flags()&(header.TCPFlagSyn|header.TCPFlagAck|header.TCPFlagRst) != header.TCPFlagSyn {
		return false
	}
	if owner := f.owner(guest.Addr()); owner != nil {
		owner.CountSyn(guest, destination, segment.SequenceNumber())
		if f.flows(owner) >= crowd {
			return f.crowded.HandlePacket(id, packet)
		}
	}
	return f.tcp.HandlePacket(id, packet)
}

// handleUDP decides about the first packet of a flow; false makes the stack answer “port unreachable”.
func (f *Forwarder) handleUDP(id stack.TransportEndpointID, packet *stack.PacketBuffer) bool {
	guest, destination := gateway.Ends(id)
	if !unicast(destination.Addr()) {
		return true
	}
	owner := f.owner(guest.Addr())
	if owner == nil || owner.Flows() >= f.MaxFlows {
		return true
	}
	owner.Count(destination, "udp")
	targets, allowed := owner.Route(destination, "udp")
	if !allowed || len(targets) == 0 {
		return false
	}
	return f.startFlow(owner, targets[0], destination, id, packet)
}

// flows counts those that are being made, too.
func (f *Forwarder) flows(owner Owner) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return owner.Flows() + f.connecting[owner]
}

func (f *Forwarder) begin(owner Owner) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if count := f.connecting[owner]; count >= maxConnecting || owner.Flows()+count >= f.MaxFlows {
		return false
	}
	f.connecting[owner]++
	return true
}

func (f *Forwarder) end(owner Owner) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.connecting[owner]--; f.connecting[owner] == 0 {
		delete(f.connecting, owner)
	}
}

func debug(message string, destination netip.AddrPort, err any) {
	slog.Debug(message, "destination", destination.String(), "error", err)
}
