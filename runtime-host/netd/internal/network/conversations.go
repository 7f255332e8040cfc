package network

import (
	"net/netip"
	"sync"
	"time"
)

const (
	// answerTime is how long a neighbour that was silent since may still be answered by UDP.
	answerTime = 180 * time.Second
	// maxConversations bounds what guests can make us remember for one member, of each kind.
	maxConversations = 4096
)

// conversation is between a neighbour's end and one of the member.
type conversation struct {
	neighbour, own netip.AddrPort
}

// conversations remembers some, until a time for each.
type conversations struct {
	mu    sync.Mutex
	until map[conversation]time.Time
}

// forEver is longer than any netd lives.
var forEver = time.Now().AddDate(1000, 0, 0)

func (s *conversations) note(c conversation, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.until == nil {
		s.until = map[conversation]time.Time{}
	}
	if _, known := s.until[c]; !known && len(s.until) >= maxConversations {
		s.makeRoom(time.Now())
	}
	s.until[c] = until
}

// end lets one that is remembered be forgotten at a time, or earlier when there is no room.
func (s *conversations) end(c conversation, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.until[c]; known {
		s.until[c] = until
	}
}

// makeRoom forgets an eighth, so that not every new one goes through all: what is over, then what ends, then anything.
func (s *conversations) makeRoom(now time.Time) {
	for _, dispensable := range []func(time.Time) bool{
		func(until time.Time) bool { return until.Before(now) },
		func(until time.Time) bool { return until != forEver },
		func(time.Time) bool { return true },
	} {
		for c, until := range s.until {
			if len(s.until) <= maxConversations/8*7 {
				return
			}
			if dispensable(until) {
				delete(s.until, c)
			}
		}
	}
}

func (s *conversations) has(c conversation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, known := s.until[c]
	return known && time.Now().Before(until)
}

func (s *conversations) forget(c conversation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, c)
}

// takeIf forgets those for which unwanted says so, and gives them.
func (s *conversations) takeIf(unwanted func(conversation) bool) []conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken []conversation
	for c := range s.until {
		if unwanted(c) {
			taken = append(taken, c)
			delete(s.until, c)
		}
	}
	return taken
}
