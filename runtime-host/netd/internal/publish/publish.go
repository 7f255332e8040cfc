// Package publish listens on the host for what is meant for a container's ports.
package publish

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/gateway"
)

// Dialer reaches the container.
type Dialer interface {
	DialTCP(ctx context.Context, destination netip.AddrPort) (*gateway.Stream, error)
	DialUDP(destination netip.AddrPort) (net.Conn, error)
}

// Publisher has the published ports of one member.
type Publisher struct {
	dialer  Dialer
	address netip.Addr

	mu        sync.Mutex
	published []*published
}

// published is one port of the member, listening on one or two addresses of the host.
type published struct {
	wanted    api.Port
	hostPort  uint16
	listeners []listener
}

type listener interface {
	// close ends the listener and everything that came through it, and waits for that.
	close()
}

// New publishes nothing yet; address is the container's.
func New(dialer Dialer, address netip.Addr) *Publisher {
	return &Publisher{dialer: dialer, address: address}
}

// Update makes the published ports what is wanted, and tells which they really are, in the same order. Ports that were
// published before stay untouched. On an error everything is as it was.
func (p *Publisher) Update(wanted []api.Port) ([]api.Port, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unused := append([]*published(nil), p.published...)
	next := make([]*published, len(wanted))
	for i, port := range wanted {
		next[i] = take(&unused, port)
	}
	var opened []*published
	for i, port := range wanted {
		if next[i] != nil {
			continue
		}
		fresh, err := p.open(port, &unused)
		if err != nil {
			closeAll(opened)
			return nil, err
		}
		opened = append(opened, fresh)
		next[i] = fresh
	}
	p.published = next
	closeAll(unused)
	return p.realPorts(), nil
}

// take finds what is published already, and takes it out of the list.
func take(from *[]*published, wanted api.Port) *published {
	for i, candidate := range *from {
		if candidate.wanted == wanted {
			*from = append((*from)[:i:i], (*from)[i+1:]...)
			return candidate
		}
	}
	return nil
}

// Ports tells what is published.
func (p *Publisher) Ports() []api.Port {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.realPorts()
}

func (p *Publisher) realPorts() []api.Port {
	ports := make([]api.Port, len(p.published))
	for i, published := range p.published {
		ports[i] = published.wanted
		ports[i].HostPort = published.hostPort
	}
	return ports
}

// Close ends all ports and what came through them.
func (p *Publisher) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	closeAll(p.published)
	p.published = nil
}

func closeAll(ports []*published) {
	var all sync.WaitGroup
	for _, port := range ports {
		for _, listener := range port.listeners {
			all.Go(listener.close)
		}
	}
	all.Wait()
}

// join makes an address as package net wants it.
func join(address string, port uint16) string {
	return net.JoinHostPort(address, strconv.Itoa(int(port)))
}
