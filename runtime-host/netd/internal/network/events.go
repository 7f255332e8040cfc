package network

import (
	"os"
	"sync"

	"berth.dev/netd/internal/api"
)

// eventBuffer is how many events a client may be behind; one that is further behind is cut off.
const eventBuffer = 256

// Events tells clients what happens.
type Events struct {
	mu      sync.Mutex
	clients map[chan api.Event]bool
}

// NewEvents makes events without clients.
func NewEvents() *Events { return &Events{clients: map[chan api.Event]bool{}} }

// Subscribe gives the events from now on, the first being “hello”. The channel is closed when its reader is too slow.
func (e *Events) Subscribe() (events <-chan api.Event, cancel func()) {
	channel := make(chan api.Event, eventBuffer)
	channel <- api.Event{Type: "hello", PID: os.Getpid()}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clients[channel] = true
	return channel, func() { e.remove(channel) }
}

// Clients is the number of those who listen.
func (e *Events) Clients() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.clients)
}

func (e *Events) remove(channel chan api.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.clients[channel] {
		delete(e.clients, channel)
		close(channel)
	}
}

func (e *Events) link(member string, up bool) {
	e.send(api.Event{Type: "link", Member: member, Up: &up})
}

func (e *Events) send(event api.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for channel := range e.clients {
		select {
		case channel <- event:
		default:
			delete(e.clients, channel)
			close(channel)
		}
	}
}
