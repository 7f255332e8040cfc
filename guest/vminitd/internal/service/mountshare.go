package service

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"

	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/sockets"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// MountShare mounts a directory that the host serves over the call, for as long as the call goes on.
func (g *Guest) MountShare(call *grpc.Call) error {
	var opening guestv1.MountShareRequest
	if err := call.Receive(&opening); err != nil {
		return err
	}
	start := opening.GetStart()
	if start == nil {
		return grpc.Errorf(grpc.InvalidArgument, "a share begins with `start`")
	}
	if err := call.ExpectMuch(); err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return asStatus(err)
	}
	relay := &shareRelay{call: call, stream: sockets.NewStream(pair[0])}
	// The kernel's requests have no other way, so it gives up when the host does.
	stop := context.AfterFunc(call.Context(), relay.stream.Close)
	defer stop()
	defer relay.stream.Close()
	if err := relay.send(&guestv1.MountShareResponse{}); err != nil {
		return errors.Join(err, unix.Close(pair[1]))
	}
	ended := relay.run()
	live, err := container.MountLive(container.Share{Target: filepath.Clean(start.Target), ReadOnly: start.ReadOnly, Owner: shareOwner(start.Owner)}, pair[1])
	unix.Close(pair[1]) // The kernel has its own.
	if err != nil {
		return asShareStatus(call, err)
	}
	err = g.serveLive(live, start.AtStart, relay, ended)
	relay.stream.Close()
	if gone := g.container.Withdraw(live); gone != nil {
		system.Log("%s: %v", start.Target, gone)
	}
	return asShareStatus(call, err)
}

// serveLive lets the container see the share, and waits until the host or the kernel wants no more of it.
func (g *Guest) serveLive(live *container.LiveShare, atStart bool, relay *shareRelay, ended <-chan error) error {
	place := g.container.Place
	if atStart {
		place = g.container.PlaceAtStart
	}
	if err := place(live); err != nil {
		return err
	}
	if err := relay.send(&guestv1.MountShareResponse{Mounted: true}); err != nil {
		return err
	}
	return <-ended
}

// shareRelay carries bytes between the host and the kernel.
type shareRelay struct {
	call    *grpc.Call
	stream  *sockets.Stream
	sending sync.Mutex
}

func (r *shareRelay) send(answer *guestv1.MountShareResponse) error {
	r.sending.Lock()
	defer r.sending.Unlock()
	return r.call.Send(answer)
}

// run gives what ends the first of the two directions; nil when the host wants it to end.
func (r *shareRelay) run() <-chan error {
	ended := make(chan error, 2)
	go func() { ended <- r.toKernel() }()
	go func() { ended <- r.toHost() }()
	return ended
}

func (r *shareRelay) toKernel() error {
	for {
		var request guestv1.MountShareRequest
		if err := r.call.Receive(&request); err != nil {
			r.stream.Close() // Whoever waits for an answer waits no longer.
			return err
		}
		if request.GetCloseWrite() {
			return nil
		}
		if err := r.stream.Write(request.GetData()); err != nil {
			return err
		}
	}
}

func (r *shareRelay) toHost() error {
	for {
		err := r.stream.Pass(func(data []byte) error { return r.send(&guestv1.MountShareResponse{Data: data}) })
		if err == io.EOF {
			return grpc.Errorf(grpc.Aborted, "the directory was unmounted in the container")
		}
		if err != nil {
			return err
		}
	}
}

func asShareStatus(call *grpc.Call, err error) error {
	switch {
	case call.Context().Err() != nil:
		return call.Context().Err()
	case err == nil || errors.Is(err, io.EOF):
		return nil
	}
	var mount *container.MountError
	if errors.As(err, &mount) {
		return asStatus(err)
	}
	return asSocketStatus(err)
}
