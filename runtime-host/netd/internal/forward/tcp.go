package forward

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"berth.dev/netd/internal/gateway"
	"berth.dev/netd/internal/relay"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// dialTimeout is about as long as a Linux guest itself repeats a SYN without being told that it makes no sense.
const dialTimeout = 120 * time.Second

var dialer = net.Dialer{
	Timeout:         dialTimeout,
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 60 * time.Second, Interval: 15 * time.Second, Count: 8},
}

var errNoTarget = errors.New("there is nothing to dial")

// connection serves one connection, on a goroutine of its own. The destination is dialled before the guest is answered,
// so that the guest sees a refusal as one.
func (f *Forwarder) connection(request *tcp.ForwarderRequest, crowded bool) {
	guest, destination := gateway.Ends(request.ID())
	owner := f.owner(guest.Addr())
	if owner == nil {
		request.Complete(false)
		return
	}
	targets, allowed := owner.Route(destination, "tcp")
	if !allowed {
		request.Complete(true)
		return
	}
	pair := f.connect(owner, request, targets, destination, crowded)
	if pair == nil {
		return
	}
	if end, ok := owner.Begin(pair, relay.Destination{Address: destination, Protocol: "tcp"}); ok {
		defer end()
	}
	pair.Run()
}

// connect answers the request, in every case.
func (f *Forwarder) connect(owner Owner, request *tcp.ForwarderRequest, targets []netip.AddrPort, destination netip.AddrPort, crowded bool) *relay.Pair {
	if !f.begin(owner) {
		// The guest will ask again.
		request.Complete(false)
		return nil
	}
	defer f.end(owner)
	outside, err := f.dial(targets)
	if err != nil {
		debug("cannot connect", destination, err)
		request.Complete(true)
		return nil
	}
	var queue waiter.Queue
	endpoint, failed := request.CreateEndpoint(&queue)
	if failed != nil {
		debug("the guest gave up", destination, failed)
		request.Complete(false)
		relay.Reset(outside)
		return nil
	}
	request.Complete(false)
	return relay.NewPair(f.gateway.NewStream(&queue, endpoint, crowded), outside)
}

func (f *Forwarder) dial(targets []netip.AddrPort) (*net.TCPConn, error) {
	err := errNoTarget
	for _, target := range targets {
		var conn net.Conn
		if conn, err = dialer.DialContext(f.context, "tcp", target.String()); err == nil {
			return conn.(*net.TCPConn), nil
		}
	}
	return nil, err
}
