package forward

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"berth.dev/netd/internal/relay"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	// flowTimeout is how long a flow may be silent (RFC 4787, section 4.3, asks for two minutes at least);
	// questionTimeout is for what is one question and one answer.
	flowTimeout     = 180 * time.Second
	questionTimeout = 30 * time.Second
	dnsPort         = 53
	maxDatagram     = 65535
)

var datagrams = sync.Pool{New: func() any { return new([maxDatagram]byte) }}

// flow is all packets between one port of a guest and one destination.
type flow struct {
	guest   net.Conn
	outside net.Conn
	timeout time.Duration
	// touched is when the deadlines were set, in nanoseconds since 1970.
	touched atomic.Int64
	abort   sync.Once
}

// startFlow is called on the goroutine that receives from the guest; dialling UDP does not wait for anybody.
func (f *Forwarder) startFlow(owner Owner, target, destination netip.AddrPort, id stack.TransportEndpointID, packet *stack.PacketBuffer) bool {
	outside, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(target))
	if err != nil {
		debug("cannot send", destination, err)
		return false
	}
	timeout := flowTimeout
	if destination.Port() == dnsPort {
		timeout = questionTimeout
	}
	return udp.NewForwarder(f.gateway.Stack(), func(request *udp.ForwarderRequest) {
		var queue waiter.Queue
		endpoint, failed := request.CreateEndpoint(&queue)
		if failed != nil {
			debug("cannot take a flow", destination, failed)
			_ = outside.Close() // nothing was sent
			return
		}
		started := &flow{guest: gonet.NewUDPConn(&queue, endpoint), outside: outside, timeout: timeout}
		end, ok := owner.Begin(started, relay.Destination{Address: destination, Protocol: "udp"})
		if !ok {
			return
		}
		go func() {
			defer end()
			started.run()
		}()
	}).HandlePacket(id, packet)
}

// Abort implements relay.Flow.
func (f *flow) Abort() {
	f.abort.Do(func() {
		// Neither end has anything to say about it.
		_ = f.guest.Close()
		_ = f.outside.Close()
	})
}

// run carries packets until the flow has been silent for its timeout in both directions, or an end has failed.
func (f *flow) run() {
	f.touch()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.direction(f.outside, f.guest)
	}()
	f.direction(f.guest, f.outside)
	<-done
}

func (f *flow) direction(from, to net.Conn) {
	defer f.Abort()
	buffer := datagrams.Get().(*[maxDatagram]byte)
	defer datagrams.Put(buffer)
	for {
		n, err := from.Read(buffer[:])
		if err != nil {
			return
		}
		f.touch()
		if _, err := to.Write(buffer[:n]); err != nil {
			// A packet that is too long for the way is lost, as it would be on any other way.
			debug("a packet was lost", netip.AddrPort{}, err)
		}
	}
}

// touch gives the flow its time again; a second more or less does not matter.
func (f *flow) touch() {
	now := time.Now()
	if before := f.touched.Load(); now.UnixNano()-before < int64(time.Second) || !f.touched.CompareAndSwap(before, now.UnixNano()) {
		return
	}
	deadline := now.Add(f.timeout)
	// An end that is closed has no more use for it.
	_ = f.guest.SetReadDeadline(deadline)
	_ = f.outside.SetReadDeadline(deadline)
}
