package names

import "sync"

// flights are the questions of one member that servers are being asked. The same question again waits for the same answer;
// so a server of the host's that asks us in turn, being a container of ours, does not make the two of us ask for ever.
type flights struct {
	mu      sync.Mutex
	byQuery map[string]*flight
}

type flight struct {
	done  chan struct{}
	reply answered
}

func (f *flights) join(key string) (found *flight, first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if found = f.byQuery[key]; found != nil {
		return found, false
	}
	if f.byQuery == nil {
		f.byQuery = map[string]*flight{}
	}
	found = &flight{done: make(chan struct{})}
	f.byQuery[key] = found
	return found, true
}

func (f *flights) land(key string, landed *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byQuery, key)
	close(landed.done)
}
