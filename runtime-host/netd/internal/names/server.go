// Package names is the DNS server of one network. It knows the network's members and asks the host's resolver for the rest.
package names

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"berth.dev/netd/internal/activity"
	"berth.dev/netd/internal/policy"
)

// Network is what the server tells about the network itself. IPv6 members are invalid in a network without.
type Network struct {
	Subnet4, Subnet6   netip.Prefix
	Gateway4, Gateway6 netip.Addr
	Host4, Host6       netip.Addr
	// Paths of the host's resolv.conf and hosts file; they are read again when they have changed.
	ResolvConf, Hosts string
}

// Member is one container on the network: whom others find, and who may ask.
type Member struct {
	ID string
	// Its name, its host name, its aliases.
	Names []string
	// Invalid where it has none.
	Address4, Address6 netip.Addr
	// Names of containers on its other networks, which only it sees.
	Knows []Known
	// What it may ask for, and where its denied questions are counted.
	Policy   *policy.Policy
	Activity *activity.Recorder
}

// Known is a container on another network.
type Known struct {
	Name      string
	Addresses []netip.Addr
}

// Options are what tests set.
type Options struct {
	// Port of the host's name servers; 53 when 0.
	Port uint16
	// The system's resolver, where it is asked instead of the servers in resolv.conf (macOS).
	System systemResolver
}

const (
	// maxQuestions and maxConnections are what one member may have at a time, so that none exhausts the host.
	maxQuestions   = 128
	maxConnections = 32
)

// Server answers members' questions on the connections that it is given.
type Server struct {
	options Options
	context context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	zone       atomic.Pointer[zone]
	resolvConf watchedFile[resolvConf]
	hosts      watchedFile[hostsFile]
	health     health

	mu      sync.Mutex
	closed  bool
	closers map[io.Closer]struct{}
	clients map[string]*client
}

// client is a member as one who asks. It outlives changes of the member.
type client struct {
	// One element for each question that is being answered.
	questions chan struct{}
	flights   flights

	mu          sync.Mutex
	connections int
}

// New makes a server that knows nobody yet. Close ends it.
func New(options Options) *Server {
	if options.Port == 0 {
		options.Port = 53
	}
	if options.System == nil {
		options.System = defaultSystem
	}
	s := &Server{
		options:    options,
		resolvConf: watchedFile[resolvConf]{parse: parseResolvConf},
		hosts:      watchedFile[hostsFile]{parse: parseHosts},
		closers:    map[io.Closer]struct{}{},
		clients:    map[string]*client{},
	}
	s.context, s.cancel = context.WithCancel(context.Background())
	s.zone.Store(newZone(Network{}, nil, nil))
	return s
}

// Update replaces the network and its members. Questions that are being answered keep what they began with.
func (s *Server) Update(network Network, members []Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clients := make(map[string]*client, len(members))
	for _, member := range members {
		c := s.clients[member.ID]
		if c == nil {
			c = &client{questions: make(chan struct{}, maxQuestions)}
		}
		clients[member.ID] = c
	}
	s.clients = clients
	s.zone.Store(newZone(network, members, clients))
}

// Close ends all serving, closes what is served on, and waits until nothing runs any more.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.cancel()
	for closer := range s.closers {
		// There is nobody to tell that closing failed.
		_ = closer.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// own registers something that Close closes; false when the server is closed already.
func (s *Server) own(closer io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = closer.Close()
		return false
	}
	s.closers[closer] = struct{}{}
	s.running.Add(1)
	return true
}

// disown closes and forgets what own has registered.
func (s *Server) disown(closer io.Closer) {
	s.mu.Lock()
	delete(s.closers, closer)
	s.mu.Unlock()
	_ = closer.Close()
	s.running.Done()
}

// ServePacket answers questions that come by UDP until the connection is closed, which it also does when it ends.
// Questions of strangers, and those beyond what one member may have at a time, are dropped.
func (s *Server) ServePacket(conn net.PacketConn) error {
	if !s.own(conn) {
		return nil
	}
	defer s.disown(conn)
	buffer := make([]byte, 65535)
	for failures := 0; ; {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			// A real socket also reports here that an earlier answer could not be delivered.
			if failures++; s.isEnd(err) || failures > 16 {
				return s.ending(err)
			}
			continue
		}
		failures = 0
		z := s.zone.Load()
		a := z.asker(from)
		if a == nil {
			continue
		}
		select {
		case a.client.questions <- struct{}{}:
		default:
			continue
		}
		query := append([]byte(nil), buffer[:n]...)
		s.running.Go(func() {
			defer func() { <-a.client.questions }()
			if reply := s.answer(s.context, z, a, query, false); reply != nil {
				// Who asked by UDP asks again.
				_, _ = conn.WriteTo(reply, from)
			}
		})
	}
}

// isEnd tells whether a listening connection is at its end; gVisor says so in its own ways.
func (s *Server) isEnd(err error) bool {
	return s.context.Err() != nil || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF)
}

func (s *Server) ending(err error) error {
	if s.isEnd(err) {
		return nil
	}
	return err
}
