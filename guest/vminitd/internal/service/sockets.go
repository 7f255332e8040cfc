package service

import (
	"context"
	"errors"
	"io"
	"os"

	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/sockets"
	"golang.org/x/sys/unix"
)

// Dial connects to a socket in the container.
func (g *Guest) Dial(call *grpc.Call) error {
	var opening guestv1.DialRequest
	if err := call.Receive(&opening); err != nil {
		return err
	}
	ctx, done, err := g.calls.open(call.Context())
	if err != nil {
		return err
	}
	defer done()
	stream, err := g.dial(ctx, opening.GetStart())
	if err != nil {
		return asSocketStatus(err)
	}
	var answer guestv1.DialResponse
	return carry(ctx, done, call, stream, func() (input, error) {
		var request guestv1.DialRequest
		if err := call.Receive(&request); err != nil {
			return input{}, err
		}
		switch m := request.Message.(type) {
		case *guestv1.DialRequest_Data:
			return input{data: m.Data}, nil
		case *guestv1.DialRequest_CloseWrite:
			return input{ends: m.CloseWrite}, nil
		}
		return input{}, errOpening
	}, func(data []byte, ends bool) error {
		answer.Data, answer.CloseWrite = data, ends
		return call.Send(&answer)
	})
}

func (g *Guest) dial(ctx context.Context, start *guestv1.DialStart) (*sockets.Stream, error) {
	switch target := start.GetTarget().(type) {
	case *guestv1.DialStart_UnixPath:
		root, err := g.container.Root()
		if err != nil {
			return nil, err
		}
		return sockets.DialUnix(ctx, root, target.UnixPath)
	case *guestv1.DialStart_TcpPort:
		return sockets.DialTCP(ctx, target.TcpPort)
	}
	return nil, grpc.Errorf(grpc.InvalidArgument, "a connection begins with `start`")
}

var errOpening = grpc.Errorf(grpc.InvalidArgument, "what begins a connection comes first and only first")

type input struct {
	data []byte
	ends bool
}

// carry says that the connection is there, and carries bytes both ways until neither side writes any more, one of them is
// gone, or ctx ends. Then it calls done, although the host may not take what it is being sent.
func carry(ctx context.Context, done func(), call *grpc.Call, stream *sockets.Stream, receive func() (input, error), send func(data []byte, ends bool) error) error {
	defer stream.Close()
	stop := context.AfterFunc(ctx, func() {
		stream.Abort()
		done()
	})
	defer stop()
	if err := send(nil, false); err != nil {
		stream.Abort()
		return err
	}
	written := make(chan error, 1)
	go func() { written <- write(stream, receive) }()
	err := read(stream, send)
	if err == nil && !stream.IsClosed() {
		select {
		case err = <-written:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil || err != nil {
		stream.Abort()
	}
	switch {
	case call.Context().Err() != nil:
		return call.Context().Err()
	case ctx.Err() != nil:
		return errEnding
	}
	return asSocketStatus(err)
}

// write passes the host's bytes on until it says that there are no more. A host that ends the call without saying so has torn
// the connection off.
func write(stream *sockets.Stream, receive func() (input, error)) error {
	for {
		next, err := receive()
		switch {
		case err != nil:
			stream.Abort()
			return err
		case next.ends:
			return stream.CloseWrite()
		}
		if err := stream.Write(next.data); err != nil {
			return err
		}
	}
}

// read passes the container's bytes on until there are no more.
func read(stream *sockets.Stream, send func([]byte, bool) error) error {
	for {
		err := stream.Pass(func(data []byte) error { return send(data, false) })
		if err == io.EOF {
			return send(nil, true)
		}
		if err != nil {
			return err
		}
	}
}

func asSocketStatus(err error) error {
	var known *grpc.Status
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, sockets.ErrMissing):
		return grpc.Errorf(grpc.NotFound, "%v", err)
	case errors.Is(err, sockets.ErrRefused):
		return grpc.Errorf(grpc.Unavailable, "%v", err)
	case errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.EPIPE), errors.Is(err, os.ErrClosed), errors.Is(err, io.EOF):
		return grpc.Errorf(grpc.Aborted, "the other side has ended the connection")
	}
	return grpc.Errorf(grpc.Internal, "%v", err)
}
