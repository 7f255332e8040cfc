package network

import (
	"sync"
	"time"

	"berth.dev/netd/internal/api"
)

// newsInterval is the shortest time between two batches of activity.
const newsInterval = time.Second

// news tells the clients of events what members tried.
type news struct {
	network *Network
	woken   chan struct{}
	stop    chan struct{}
	done    sync.WaitGroup
}

func tellNews(n *Network) *news {
	t := &news{network: n, woken: make(chan struct{}, 1), stop: make(chan struct{})}
	t.done.Go(t.run)
	return t
}

// wake says that there is something to tell. It does not wait.
func (t *news) wake() {
	select {
	case t.woken <- struct{}{}:
	default:
	}
}

func (t *news) close() {
	close(t.stop)
	t.done.Wait()
}

func (t *news) run() {
	for {
		select {
		case <-t.stop:
			return
		case <-t.woken:
		}
		t.tell()
		// A pause between batches, not a wait for anything.
		select {
		case <-t.stop:
			return
		case <-time.After(newsInterval):
		}
	}
}

func (t *news) tell() {
	for _, m := range t.network.list() {
		if changed := m.activity.Changed(); len(changed) > 0 {
			t.network.events.send(api.Event{Type: "activity", Member: m.id, Entries: changed})
		}
	}
}
