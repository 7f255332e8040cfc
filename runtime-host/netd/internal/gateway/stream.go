package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"berth.dev/netd/internal/relay"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// ErrRefused is what a guest that does not listen on a port answers.
var ErrRefused = errors.New("the container refused the connection")

// A guest that is gone without a word is noticed after keepaliveIdle + keepaliveCount × keepaliveInterval.
const (
	keepaliveIdle     = 60 * time.Second
	keepaliveInterval = 15 * time.Second
	keepaliveCount    = 8
)

// segmentHeaders are at most those of IPv6 and TCP, with timestamps.
const segmentHeaders = 40 + 20 + 12

// Stream is the guest's end of a TCP connection.
type Stream struct {
	*gonet.TCPConn
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
	segment  int
	crowded  bool
}

// NewStream makes a stream of a connected endpoint, which it owns from now on. One of a crowd takes little memory.
func (g *Gateway) NewStream(queue *waiter.Queue, endpoint tcpip.Endpoint, crowded bool) *Stream {
	options := endpoint.SocketOptions()
	if crowded {
		options.SetSendBufferSize(CrowdedWindow, true)
	}
	options.SetKeepAlive(true)
	idle, interval := tcpip.KeepaliveIdleOption(keepaliveIdle), tcpip.KeepaliveIntervalOption(keepaliveInterval)
	// Without these options keepalive has the stack's defaults.
	_ = endpoint.SetSockOpt(&idle)
	_ = endpoint.SetSockOpt(&interval)
	_ = endpoint.SetSockOptInt(tcpip.KeepaliveCountOption, keepaliveCount)
	return &Stream{TCPConn: gonet.NewTCPConn(queue, endpoint), endpoint: endpoint, queue: queue, segment: int(g.network.MTU) - segmentHeaders, crowded: crowded}
}

// Crowded implements relay.Guest.
func (s *Stream) Crowded() bool { return s.crowded }

// Segment implements relay.Guest.
func (s *Stream) Segment() int { return s.segment }

// Next implements relay.Guest, for one goroutine at a time.
func (s *Stream) Next() (*relay.Buffer, int, error) {
	buffer := relay.Take(s.crowded)
	n, err := s.tryRead(buffer)
	if err == nil {
		return buffer, n, nil
	}
	relay.Give(buffer)
	if !errors.Is(err, errNothingYet) {
		return nil, 0, err
	}
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventErr | waiter.EventHUp)
	s.queue.EventRegister(&entry)
	defer s.queue.EventUnregister(&entry)
	for {
		buffer = relay.Take(s.crowded)
		if n, err = s.tryRead(buffer); err == nil {
			return buffer, n, nil
		}
		relay.Give(buffer)
		if !errors.Is(err, errNothingYet) {
			return nil, 0, err
		}
		<-readable
	}
}

var errNothingYet = errors.New("there is nothing to read yet")

func (s *Stream) tryRead(buffer *relay.Buffer) (int, error) {
	writer := tcpip.SliceWriter(*buffer)
	result, err := s.endpoint.Read(&writer, tcpip.ReadOptions{})
	switch err.(type) {
	case nil:
		if !s.crowded {
			s.endpoint.ModerateRecvBuf(result.Count)
		}
		return result.Count, nil
	case *tcpip.ErrWouldBlock:
		return 0, errNothingYet
	case *tcpip.ErrClosedForReceive:
		return 0, io.EOF
	default:
		return 0, errors.New(err.String())
	}
}

// settlePause is between looks at a connection that is about to end, in case that the stack does not tell.
const settlePause = time.Second

// Settle implements relay.Guest.
func (s *Stream) Settle() {
	entry, changed := waiter.NewChannelEntry(waiter.EventHUp | waiter.EventErr | waiter.WritableEvents)
	s.queue.EventRegister(&entry)
	defer s.queue.EventUnregister(&entry)
	if s.settled() {
		return
	}
	ticker := time.NewTicker(settlePause)
	defer ticker.Stop()
	for !s.settled() {
		select {
		case <-changed:
		case <-ticker.C:
		}
	}
}

// settled knows the states that come after the guest has acknowledged our end.
func (s *Stream) settled() bool {
	switch tcp.EndpointState(s.endpoint.State()) {
	case tcp.StateFinWait2, tcp.StateTimeWait, tcp.StateClose, tcp.StateError:
		return true
	default:
		return false
	}
}

// Abort ends the connection at once; the guest gets a RST.
func (s *Stream) Abort() { s.endpoint.Abort() }

// DialTCP connects with a member, from the gateway's address.
func (g *Gateway) DialTCP(ctx context.Context, destination netip.AddrPort) (*Stream, error) {
	source, err := g.sourceFor(destination.Addr())
	if err != nil {
		return nil, err
	}
	queue := new(waiter.Queue)
	endpoint, failed := g.stack.NewEndpoint(tcp.ProtocolNumber, protocolAddress(destination.Addr()).Protocol, queue)
	if failed != nil {
		return nil, fmt.Errorf("cannot make a connection: %s", failed)
	}
	if err := connect(ctx, endpoint, queue, source, fullAddress(destination)); err != nil {
		endpoint.Close()
		return nil, err
	}
	return g.NewStream(queue, endpoint, false), nil
}

func connect(ctx context.Context, endpoint tcpip.Endpoint, queue *waiter.Queue, source, destination tcpip.FullAddress) error {
	entry, connected := waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	queue.EventRegister(&entry)
	defer queue.EventUnregister(&entry)
	if err := endpoint.Bind(source); err != nil {
		return fmt.Errorf("cannot bind to the gateway's address: %s", err)
	}
	err := endpoint.Connect(destination)
	if _, started := err.(*tcpip.ErrConnectStarted); started {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-connected:
		}
		err = endpoint.LastError()
	}
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrConnectionRefused, *tcpip.ErrConnectionReset:
		return ErrRefused
	default:
		return fmt.Errorf("cannot connect with the container: %s", err)
	}
}

// DialUDP makes a UDP socket that is connected with a member, from the gateway's address.
func (g *Gateway) DialUDP(destination netip.AddrPort) (net.Conn, error) {
	source, err := g.sourceFor(destination.Addr())
	if err != nil {
		return nil, err
	}
	remote := fullAddress(destination)
	return gonet.DialUDP(g.stack, &source, &remote, protocolAddress(destination.Addr()).Protocol)
}

// listenBacklog is of connections that are not taken yet.
const listenBacklog = 64

// ListenTCP listens on an address of the gateway, for short conversations: a guest that does not acknowledge anything for
// patience, not even the end, is forgotten.
func (g *Gateway) ListenTCP(address netip.AddrPort, patience time.Duration) (net.Listener, error) {
	queue := new(waiter.Queue)
	endpoint, failed := g.stack.NewEndpoint(tcp.ProtocolNumber, protocolAddress(address.Addr()).Protocol, queue)
	if failed != nil {
		return nil, fmt.Errorf("cannot listen on %s: %s", address, failed)
	}
	timeout := tcpip.TCPUserTimeoutOption(patience)
	if failed = endpoint.SetSockOpt(&timeout); failed == nil {
		failed = endpoint.Bind(fullAddress(address))
	}
	if failed == nil {
		failed = endpoint.Listen(listenBacklog)
	}
	if failed != nil {
		endpoint.Close()
		return nil, fmt.Errorf("cannot listen on %s: %s", address, failed)
	}
	return gonet.NewTCPListener(g.stack, queue, endpoint), nil
}

// ListenUDP takes a UDP port on an address of the gateway.
func (g *Gateway) ListenUDP(address netip.AddrPort) (net.PacketConn, error) {
	local := fullAddress(address)
	return gonet.DialUDP(g.stack, &local, nil, protocolAddress(address.Addr()).Protocol)
}

func (g *Gateway) sourceFor(destination netip.Addr) (tcpip.FullAddress, error) {
	source := g.network.Gateway4
	if destination.Is6() {
		source = g.network.Gateway6
	}
	if !source.IsValid() {
		return tcpip.FullAddress{}, fmt.Errorf("the network has no gateway for %s", destination)
	}
	return fullAddress(netip.AddrPortFrom(source, 0)), nil
}

func fullAddress(address netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: nicID, Addr: tcpip.AddrFromSlice(address.Addr().AsSlice()), Port: address.Port()}
}

// Ends tells which ends a packet or connection has, as the guest sees them: its own, and where it wants to.
func Ends(id stack.TransportEndpointID) (guest, destination netip.AddrPort) {
	return netip.AddrPortFrom(Address(id.RemoteAddress), id.RemotePort), netip.AddrPortFrom(Address(id.LocalAddress), id.LocalPort)
}

// Address turns the stack's form of an address into Go's.
func Address(address tcpip.Address) netip.Addr {
	parsed, _ := netip.AddrFromSlice(address.AsSlice())
	return parsed
}
