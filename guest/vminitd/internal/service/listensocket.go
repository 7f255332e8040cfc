package service

import (
	"context"
	"errors"
	"sync"

	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/sockets"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// mostConnections of one socket at once: programs in the container make them, but vminitd's memory holds them.
const mostConnections = 256

// ListenSocket makes a socket in the container and announces its connections.
func (g *Guest) ListenSocket(call *grpc.Call) error {
	var request guestv1.ListenSocketRequest
	if err := call.Receive(&request); err != nil {
		return err
	}
	ctx, done, err := g.calls.open(call.Context())
	if err != nil {
		return err
	}
	defer done()
	var listener *sockets.Listener
	err = g.container.Inside(func() (err error) {
		listener, err = sockets.Listen(request.Path, request.Mode)
		return err
	})
	if err != nil {
		return asListenStatus(err)
	}
	defer func() {
		listener.Close()
		if err := g.container.Inside(listener.Remove); err != nil {
			system.Log("%s: %v", request.Path, err)
		}
	}()
	defer context.AfterFunc(ctx, listener.Close)()
	if err := call.Send(&guestv1.ListenSocketResponse{}); err != nil {
		return err
	}
	if err := g.announce(ctx, call, listener); ctx.Err() == nil || call.Context().Err() != nil {
		return err
	}
	return nil // The container ends.
}

func (g *Guest) announce(ctx context.Context, call *grpc.Call, listener *sockets.Listener) error {
	room := make(chan struct{}, mostConnections)
	var ids []uint64
	defer func() {
		for _, id := range ids {
			if c, waits := g.sockets.take(id); waits {
				c.stream.Abort()
			}
		}
	}()
	for {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		stream, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				stream.Abort()
			}
			return ctx.Err()
		}
		if err != nil {
			return asSocketStatus(err)
		}
		id := g.sockets.add(connection{stream, func() { <-room }})
		ids = g.sockets.waiting(append(ids, id))
		if err := call.Send(&guestv1.ListenSocketResponse{ConnectionId: id}); err != nil {
			return err
		}
	}
}

// AcceptSocket carries the bytes of a connection that was announced.
func (g *Guest) AcceptSocket(call *grpc.Call) error {
	var opening guestv1.AcceptSocketRequest
	if err := call.Receive(&opening); err != nil {
		return err
	}
	ctx, done, err := g.calls.open(call.Context())
	if err != nil {
		return err
	}
	defer done()
	c, waits := g.sockets.take(opening.GetConnectionId())
	if !waits {
		return grpc.Errorf(grpc.NotFound, "no such connection waits")
	}
	defer c.ended()
	var answer guestv1.AcceptSocketResponse
	return carry(ctx, done, call, c.stream, func() (input, error) {
		var request guestv1.AcceptSocketRequest
		if err := call.Receive(&request); err != nil {
			return input{}, err
		}
		switch m := request.Message.(type) {
		case *guestv1.AcceptSocketRequest_Data:
			return input{data: m.Data}, nil
		case *guestv1.AcceptSocketRequest_CloseWrite:
			return input{ends: m.CloseWrite}, nil
		}
		return input{}, errOpening
	}, func(data []byte, ends bool) error {
		answer.Data, answer.CloseWrite = data, ends
		return call.Send(&answer)
	})
}

// connection is one that was accepted in the container; ended makes room for another.
type connection struct {
	stream *sockets.Stream
	ended  func()
}

// announced are connections that the host has not taken yet.
type announced struct {
	mutex sync.Mutex
	last  uint64
	byID  map[uint64]connection
}

func (a *announced) add(c connection) uint64 {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.byID == nil {
		a.byID = map[uint64]connection{}
	}
	a.last++
	a.byID[a.last] = c
	return a.last
}

func (a *announced) take(id uint64) (connection, bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	c, waits := a.byID[id]
	delete(a.byID, id)
	return c, waits
}

// waiting gives those of the ids whose connection nobody has taken.
func (a *announced) waiting(ids []uint64) []uint64 {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	kept := ids[:0]
	for _, id := range ids {
		if _, waits := a.byID[id]; waits {
			kept = append(kept, id)
		}
	}
	return kept
}

func asListenStatus(err error) error {
	for _, users := range []error{unix.EROFS, unix.EEXIST, unix.ENOTDIR, unix.EISDIR, unix.ELOOP, unix.ENAMETOOLONG, unix.EINVAL, unix.EPERM, unix.EACCES, unix.ENXIO, unix.EOPNOTSUPP} {
		if errors.Is(err, users) {
			return grpc.Errorf(grpc.InvalidArgument, "%v", err)
		}
	}
	return grpc.Errorf(grpc.Internal, "%v", err)
}
