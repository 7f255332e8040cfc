package service

import (
	"context"
	"sync"
	"time"

	"berth.dev/vminitd/internal/grpc"
)

// openCalls are those under way that hold files or sockets of the container open, which its end must not find.
type openCalls struct {
	mutex   sync.Mutex
	closed  bool
	cancels map[*context.CancelFunc]struct{}
	running sync.WaitGroup
}

var errEnding = grpc.Errorf(grpc.FailedPrecondition, "the container is ending")

// open adds a call. Its context ends with the container, too; the function, to be called when nothing is open any more, may be
// called again.
func (o *openCalls) open(parent context.Context) (context.Context, func(), error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.closed {
		return nil, nil, errEnding
	}
	if o.cancels == nil {
		o.cancels = map[*context.CancelFunc]struct{}{}
	}
	ctx, cancel := context.WithCancel(parent)
	o.cancels[&cancel] = struct{}{}
	o.running.Add(1)
	return ctx, sync.OnceFunc(func() {
		o.mutex.Lock()
		defer o.mutex.Unlock()
		delete(o.cancels, &cancel)
		cancel()
		o.running.Done()
	}), nil
}

// callPatience: an archive that waits for its client notices the end only when the client goes, which the host sees to.
const callPatience = 3 * time.Second

// close ends all of them, and waits for them, but not for ever.
func (o *openCalls) close() {
	o.mutex.Lock()
	o.closed = true
	for cancel := range o.cancels {
		(*cancel)()
	}
	o.mutex.Unlock()
	ended := make(chan struct{})
	go func() {
		o.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(callPatience):
	}
}
