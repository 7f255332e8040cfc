package forward

import (
	"net"
	"net/netip"
	"time"

	"berth.dev/netd/internal/relay"
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
)

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
		queue := new(waiter.Queue)
		endpoint, failed := request.CreateEndpoint(queue)
		if failed != nil {
			debug("cannot take a flow", destination, failed)
			_ = outside.Close() // nothing was sent
			return
		}
		started := &flow{guest: endpoint, queue: queue, outside: outside, timeout: timeout}
		end, ok := owner.Begin(started, relay.Destination{Address: destination, Protocol: "udp"})
		if !ok {
			return
		}
		go func() {
			defer end()
			if err := started.run(); err != nil {
				debug("a flow did not begin", destination, err)
			}
		}()
	}).HandlePacket(id, packet)
}
