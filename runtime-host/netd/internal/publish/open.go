package publish

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"berth.dev/netd/internal/api"
)

// attempts is how often a free port is asked for that must be free on 127.0.0.1 and on ::1.
const attempts = 32

// open publishes a port. When its place is held by a port of the same member that is about to go, that one goes first.
func (p *Publisher) open(port api.Port, leaving *[]*published) (*published, error) {
	fresh, err := p.tryOpen(port)
	if err == nil || port.HostPort == 0 {
		return fresh, err
	}
	for i, candidate := range *leaving {
		if candidate.hostPort != port.HostPort || candidate.wanted.Protocol != port.Protocol {
			continue
		}
		closeAll((*leaving)[i : i+1])
		fresh, err = p.tryOpen(port)
		if err == nil {
			*leaving = append((*leaving)[:i:i], (*leaving)[i+1:]...)
			return fresh, nil
		}
		// What has just been closed was open a moment ago, and is to be so again.
		if restored, failed := p.tryOpen(realPort(candidate)); failed == nil {
			candidate.listeners = restored.listeners
		}
	}
	return nil, err
}

func realPort(p *published) api.Port {
	port := p.wanted
	port.HostPort = p.hostPort
	return port
}

func (p *Publisher) tryOpen(port api.Port) (*published, error) {
	if port.HostAddress != "" {
		opened, hostPort, err := p.listen(port.HostAddress, port.HostPort, port)
		if err != nil {
			return nil, api.PortError(port.HostAddress, port.HostPort, port.Protocol, err)
		}
		return &published{wanted: port, hostPort: hostPort, listeners: []listener{opened}}, nil
	}
	for range attempts {
		opened, again, err := p.openLoopback(port)
		if err == nil {
			return opened, nil
		}
		if !again {
			return nil, err
		}
	}
	return nil, api.PortError("::1", port.HostPort, port.Protocol, syscall.EADDRINUSE)
}

// openLoopback listens on both loopback addresses; again means that another free port may do.
func (p *Publisher) openLoopback(port api.Port) (opened *published, again bool, err error) {
	first, hostPort, err := p.listen("127.0.0.1", port.HostPort, port)
	if err != nil {
		return nil, false, api.PortError("127.0.0.1", port.HostPort, port.Protocol, err)
	}
	opened = &published{wanted: port, hostPort: hostPort, listeners: []listener{first}}
	second, _, err := p.listen("::1", hostPort, port)
	switch {
	case err == nil:
		opened.listeners = append(opened.listeners, second)
		return opened, false, nil
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		return opened, false, nil // a machine without IPv6
	default:
		first.close()
		return nil, port.HostPort == 0, api.PortError("::1", port.HostPort, port.Protocol, err)
	}
}

// listen listens on one address and tells the port.
func (p *Publisher) listen(address string, hostPort uint16, port api.Port) (listener, uint16, error) {
	parsed, err := netip.ParseAddr(address)
	if err != nil {
		return nil, 0, err
	}
	family := "6"
	if parsed.Unmap().Is4() {
		family = "4"
	}
	target := netip.AddrPortFrom(p.address, port.ContainerPort)
	if port.Protocol == "udp" {
		socket, err := net.ListenPacket("udp"+family, join(address, hostPort))
		if err != nil {
			return nil, 0, err
		}
		return serveUDP(socket.(*net.UDPConn), p.dialer, target), uint16(socket.LocalAddr().(*net.UDPAddr).Port), nil
	}
	socket, err := net.Listen("tcp"+family, join(address, hostPort))
	if err != nil {
		return nil, 0, err
	}
	return serveTCP(socket.(*net.TCPListener), p.dialer, target), uint16(socket.Addr().(*net.TCPAddr).Port), nil
}
