// Package testguest is a guest for tests: a TCP/IP stack behind a socket that speaks QEMU's framing, like a virtual
// machine without the machine. It shares no framing code with netd.
package testguest

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

const (
	nicID      = 1
	queueSize  = 4096
	bufferSize = 4 << 20
)

// Config is what the guest's init would be told.
type Config struct {
	MAC                string
	Address4, Address6 netip.Prefix
	Gateway4, Gateway6 netip.Addr
	MTU                uint32
}

// Guest is a guest. It ends with its test.
type Guest struct {
	// Socket is where netd connects.
	Socket string
	Stack  *stack.Stack

	t        testing.TB
	listener net.Listener
	channel  *channel.Endpoint
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu   sync.Mutex
	conn net.Conn
	// accepted has an element for every link that netd made.
	accepted chan struct{}
	// tap is given a copy of every frame that comes.
	tap func([]byte)
}

// New starts a guest and listens for netd.
func New(t testing.TB, config Config) *Guest {
	t.Helper()
	mac, err := net.ParseMAC(config.MAC)
	if err != nil {
		t.Fatal(err)
	}
	g := &Guest{t: t, Socket: filepath.Join(t.TempDir(), "net0.sock"), accepted: make(chan struct{}, 16), channel: channel.New(queueSize, config.MTU, tcpip.LinkAddress(mac))}
	g.channel.LinkEPCapabilities = stack.CapabilityResolutionRequired
	g.makeStack(config)
	if g.listener, err = net.Listen("unix", g.Socket); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.running.Go(g.accept)
	g.running.Go(func() { g.send(ctx) })
	t.Cleanup(g.close)
	return g
}

func (g *Guest) close() {
	g.cancel()
	_ = g.listener.Close()
	g.Unplug()
	g.running.Wait()
	g.Stack.Destroy()
}

func (g *Guest) makeStack(config Config) {
	g.Stack = stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{
			ipv4.NewProtocol, ipv6.NewProtocolWithOptions(ipv6.Options{}), arp.NewProtocol,
		},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
	})
	sack := tcpip.TCPSACKEnabled(true)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: bufferSize, Max: bufferSize}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: bufferSize, Max: bufferSize}
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &send, &receive} {
		g.must(g.Stack.SetTransportProtocolOption(tcp.ProtocolNumber, option))
	}
	g.must(g.Stack.CreateNIC(nicID, ethernet.New(g.channel)))
	routes := []tcpip.Route{}
	for _, end := range []struct {
		prefix  netip.Prefix
		gateway netip.Addr
		every   tcpip.Subnet
	}{{config.Address4, config.Gateway4, header.IPv4EmptySubnet}, {config.Address6, config.Gateway6, header.IPv6EmptySubnet}} {
		if !end.prefix.IsValid() {
			continue
		}
		address := tcpip.AddressWithPrefix{Address: tcpip.AddrFromSlice(end.prefix.Addr().AsSlice()), PrefixLen: end.prefix.Bits()}
		g.must(g.Stack.AddProtocolAddress(nicID, tcpip.ProtocolAddress{Protocol: Protocol(end.prefix.Addr()), AddressWithPrefix: address}, stack.AddressProperties{}))
		routes = append(routes, tcpip.Route{Destination: address.Subnet(), NIC: nicID},
			tcpip.Route{Destination: end.every, Gateway: tcpip.AddrFromSlice(end.gateway.AsSlice()), NIC: nicID})
	}
	g.Stack.SetRouteTable(routes)
}

func (g *Guest) must(err tcpip.Error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err.String())
	}
}

// Protocol is IPv4's or IPv6's number.
func Protocol(address netip.Addr) tcpip.NetworkProtocolNumber {
	if address.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}

func (g *Guest) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		g.conn = conn
		g.mu.Unlock()
		g.accepted <- struct{}{}
		g.running.Go(func() { g.receive(conn) })
	}
}

func (g *Guest) receive(conn net.Conn) {
	for {
		var length [4]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(length[:]))
		if _, err := io.ReadFull(conn, frame); err != nil {
			return
		}
		g.mu.Lock()
		tap := g.tap
		g.mu.Unlock()
		if tap != nil {
			tap(frame)
		}
		packet := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
		g.channel.InjectInbound(0, packet)
		packet.DecRef()
	}
}

func (g *Guest) send(ctx context.Context) {
	for {
		packet := g.channel.ReadContext(ctx)
		if packet == nil {
			return
		}
		view := packet.ToView()
		packet.DecRef()
		g.SendFrame(view.AsSlice())
		view.Release()
	}
}

// SendFrame sends a frame as it is, also one that no honest guest would send. It is lost while there is no link.
func (g *Guest) SendFrame(frame []byte) {
	g.SendRaw(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
}

// Linked waits until the guest has taken the link that netd has just made. To be called once for each.
func (g *Guest) Linked() { <-g.accepted }

// SendRaw sends bytes without any framing.
func (g *Guest) SendRaw(bytes []byte) {
	g.mu.Lock()
	conn := g.conn
	g.mu.Unlock()
	if conn != nil {
		_, _ = conn.Write(bytes)
	}
}

// Unplug closes the present link, as a machine that ends does.
func (g *Guest) Unplug() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.conn != nil {
		_ = g.conn.Close()
		g.conn = nil
	}
}

// Tap gives every frame that comes to a function, which must not keep it.
func (g *Guest) Tap(tap func(frame []byte)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tap = tap
}

// Dial connects with TCP.
func (g *Guest) Dial(ctx context.Context, to netip.AddrPort) (*gonet.TCPConn, error) {
	return gonet.DialContextTCP(ctx, g.Stack, full(to), Protocol(to.Addr()))
}

// DialUDP makes a connected UDP socket.
func (g *Guest) DialUDP(to netip.AddrPort) *gonet.UDPConn {
	g.t.Helper()
	remote := full(to)
	conn, err := gonet.DialUDP(g.Stack, nil, &remote, Protocol(to.Addr()))
	if err != nil {
		g.t.Fatal(err)
	}
	return conn
}

// Listen listens on a TCP port of the guest.
func (g *Guest) Listen(port uint16) *gonet.TCPListener {
	g.t.Helper()
	listener, err := gonet.ListenTCP(g.Stack, tcpip.FullAddress{NIC: nicID, Port: port}, ipv4.ProtocolNumber)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// Listen6 listens on a TCP port of the guest, by IPv6.
func (g *Guest) Listen6(port uint16) *gonet.TCPListener {
	g.t.Helper()
	listener, err := gonet.ListenTCP(g.Stack, tcpip.FullAddress{NIC: nicID, Port: port}, ipv6.ProtocolNumber)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// AddAddress gives the guest one more address.
func (g *Guest) AddAddress(address netip.Addr) {
	g.t.Helper()
	added := tcpip.ProtocolAddress{Protocol: Protocol(address), AddressWithPrefix: tcpip.AddrFromSlice(address.AsSlice()).WithPrefix()}
	g.must(g.Stack.AddProtocolAddress(nicID, added, stack.AddressProperties{}))
	g.Stack.AddRoute(tcpip.Route{Destination: header.IPv6LinkLocalPrefix.Subnet(), NIC: nicID})
}

// DialFrom connects with TCP from one of the guest's addresses.
func (g *Guest) DialFrom(ctx context.Context, from netip.Addr, to netip.AddrPort) (*gonet.TCPConn, error) {
	return gonet.DialTCPWithBind(ctx, g.Stack, tcpip.FullAddress{NIC: nicID, Addr: tcpip.AddrFromSlice(from.AsSlice())}, full(to), Protocol(to.Addr()))
}

// ListenUDP takes a UDP port of the guest.
func (g *Guest) ListenUDP(port uint16) *gonet.UDPConn {
	g.t.Helper()
	local := tcpip.FullAddress{NIC: nicID, Port: port}
	conn, err := gonet.DialUDP(g.Stack, &local, nil, ipv4.ProtocolNumber)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func full(address netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{NIC: nicID, Addr: tcpip.AddrFromSlice(address.Addr().AsSlice()), Port: address.Port()}
}
