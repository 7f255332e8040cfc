package forward

import (
	"net"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// newFlow is a flow with a destination on the host's loopback where somebody listens, or nobody.
func newFlow(t *testing.T, timeout time.Duration, listens bool) *flow {
	t.Helper()
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{udp.NewProtocol},
	})
	t.Cleanup(s.Destroy)
	queue := new(waiter.Queue)
	endpoint, failed := s.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, queue)
	if failed != nil {
		t.Fatal(failed)
	}
	listener, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	if !listens {
		_ = listener.Close()
	}
	outside, err := net.DialUDP("udp4", nil, listener.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	return &flow{guest: endpoint, queue: queue, outside: outside, timeout: timeout}
}

func TestSilentFlowEnds(t *testing.T) {
	const timeout = 50 * time.Millisecond
	began := time.Now()
	if err := newFlow(t, timeout, true).run(); err != nil || time.Since(began) < timeout {
		t.Fatal(err, time.Since(began))
	}
}

func TestRefusedFlowEnds(t *testing.T) {
	f := newFlow(t, time.Hour, false)
	if _, err := f.outside.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
}

func TestAbortedFlowEnds(t *testing.T) {
	f := newFlow(t, time.Hour, true)
	ended := make(chan error)
	go func() { ended <- f.run() }()
	f.Abort()
	// run may have come too late for the socket, and says so.
	<-ended
}
