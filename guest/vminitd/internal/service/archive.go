package service

import (
	"bufio"
	"context"
	"errors"
	"io"

	"berth.dev/vminitd/internal/archive"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"golang.org/x/sys/unix"
)

// MountContainer makes the files of a container that does not run accessible.
func (g *Guest) MountContainer(_ context.Context, request *guestv1.StartContainerRequest) (*guestv1.MountContainerResponse, error) {
	if g.processes.Started() {
		return nil, grpc.Errorf(grpc.AlreadyExists, "the container was started")
	}
	w := world(request)
	w.Temporary, w.Interfaces, w.Untouched = nil, nil, true
	err := g.container.Complete(request.RootDevice, w)
	if err == nil {
		err = g.container.Protect()
	}
	if err != nil {
		return nil, asStatus(err)
	}
	return &guestv1.MountContainerResponse{}, nil
}

// ReadArchive sends files as a tar stream.
func (g *Guest) ReadArchive(call *grpc.Call) error {
	var request guestv1.ReadArchiveRequest
	if err := call.Receive(&request); err != nil {
		return err
	}
	root, err := g.container.Root()
	if err != nil {
		return asStatus(err)
	}
	ctx, done, err := g.calls.open(call.Context())
	if err != nil {
		return err
	}
	defer done()
	output := bufio.NewWriterSize(&archiveOutput{call}, outputPiece)
	err = root.Read(ctx, archive.ReadOptions{Path: request.Path, FollowLink: request.FollowLink, OneFileSystem: request.OneFileSystem}, output)
	if err == nil {
		err = output.Flush()
	}
	return asArchiveStatus(err)
}

// WriteArchive makes files from a tar stream.
func (g *Guest) WriteArchive(call *grpc.Call) error {
	var opening guestv1.WriteArchiveRequest
	if err := call.Receive(&opening); err != nil {
		return err
	}
	start := opening.GetStart()
	if start == nil {
		return grpc.Errorf(grpc.InvalidArgument, "an archive begins with `start`")
	}
	root, err := g.container.Root()
	if err != nil {
		return asStatus(err)
	}
	ctx, done, err := g.calls.open(call.Context())
	if err != nil {
		return err
	}
	defer done()
	if err := call.ExpectMuch(); err != nil {
		return err
	}
	options := archive.WriteOptions{
		Destination: start.Destination, Source: archive.Source(start.Source), Name: start.Name, KeepOwner: start.KeepOwner,
	}
	if err := root.Write(ctx, options, bufio.NewReaderSize(&archiveInput{call: call}, outputPiece)); err != nil {
		return asArchiveStatus(err)
	}
	return call.Send(&guestv1.WriteArchiveResponse{})
}

type archiveOutput struct{ call *grpc.Call }

func (o *archiveOutput) Write(data []byte) (int, error) {
	if err := o.call.Send(&guestv1.ReadArchiveResponse{Data: data}); err != nil {
		return 0, err
	}
	return len(data), nil
}

type archiveInput struct {
	call    *grpc.Call
	message guestv1.WriteArchiveRequest
	rest    []byte
}

func (i *archiveInput) Read(into []byte) (int, error) {
	for len(i.rest) == 0 {
		if err := i.call.Receive(&i.message); err != nil {
			return 0, err
		}
		data, ok := i.message.Message.(*guestv1.WriteArchiveRequest_Data)
		if !ok {
			return 0, grpc.Errorf(grpc.InvalidArgument, "`start` comes first and only first")
		}
		i.rest = data.Data
	}
	count := copy(into, i.rest)
	i.rest = i.rest[count:]
	return count, nil
}

func asArchiveStatus(err error) error {
	var refused *archive.Error
	var known *grpc.Status
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &refused), errors.Is(err, unix.EROFS), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENAMETOOLONG), errors.Is(err, unix.EPERM), errors.Is(err, unix.EBUSY):
		return grpc.Errorf(grpc.InvalidArgument, "%v", err)
	case errors.Is(err, archive.ErrNotFound):
		return grpc.Errorf(grpc.NotFound, "%v", err)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG):
		return grpc.Errorf(grpc.ResourceExhausted, "%v", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return grpc.Errorf(grpc.InvalidArgument, "the archive is not complete")
	default:
		return grpc.Errorf(grpc.Internal, "%v", err)
	}
}
