package control

import (
	"context"
	"log/slog"
	"time"
)

// netd that nobody uses ends: without members and without a client that listens for events after emptyPatience, and
// without a linked member and such a client after unlinkedPatience.
const (
	emptyPatience    = 30 * time.Second
	unlinkedPatience = 60 * time.Second
	checkInterval    = time.Second
)

// EndWhenUnused calls stop when netd has been of no use for a while.
func (s *Server) EndWhenUnused(ctx context.Context) {
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	use := newUse(time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if use.isOver(now, s) {
				slog.Info("netd is unused")
				s.stop()
				return
			}
		}
	}
}

// use remembers since when there has been no use.
type use struct {
	lastMember, lastLinked time.Time
}

func newUse(now time.Time) *use { return &use{lastMember: now, lastLinked: now} }

type counter interface {
	Counts() (members, linked, clients int)
}

func (u *use) isOver(now time.Time, counter counter) bool {
	members, linked, clients := counter.Counts()
	if members > 0 || clients > 0 {
		u.lastMember = now
	}
	if linked > 0 || clients > 0 {
		u.lastLinked = now
	}
	return now.Sub(u.lastMember) >= emptyPatience || now.Sub(u.lastLinked) >= unlinkedPatience
}
