package relay

import (
	"net/netip"
	"sync"
)

// Flow is something that goes on between a guest and a destination, and that can be ended from outside.
type Flow interface {
	Abort()
}

// Set has the flows of one owner. After Close it aborts what is added.
type Set struct {
	mu     sync.Mutex
	flows  map[Flow]Destination
	closed bool
	// running is for Close, which waits until the owners of all flows have removed them.
	running sync.WaitGroup
}

// Destination is what a flow goes to, as the guest sees it.
type Destination struct {
	Address  netip.AddrPort
	Protocol string
}

// Add says that a flow has begun; false, and aborted, when the set is closed already. Whoever added it calls Remove.
func (s *Set) Add(flow Flow, destination Destination) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		flow.Abort()
		return false
	}
	if s.flows == nil {
		s.flows = map[Flow]Destination{}
	}
	s.flows[flow] = destination
	s.running.Add(1)
	return true
}

// Remove says that a flow has ended.
func (s *Set) Remove(flow Flow) {
	s.mu.Lock()
	delete(s.flows, flow)
	s.mu.Unlock()
	s.running.Done()
}

// Len is the number of flows.
func (s *Set) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flows)
}

// AbortIf ends the flows to destinations for which unwanted says so.
func (s *Set) AbortIf(unwanted func(Destination) bool) {
	for _, flow := range s.matching(unwanted) {
		flow.Abort()
	}
}

func (s *Set) matching(unwanted func(Destination) bool) []Flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Flow
	for flow, destination := range s.flows {
		if unwanted(destination) {
			found = append(found, flow)
		}
	}
	return found
}

// Close ends all flows and waits for their ends.
func (s *Set) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.AbortIf(func(Destination) bool { return true })
	s.running.Wait()
}
