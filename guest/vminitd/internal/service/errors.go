package service

import (
	"errors"

	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/process"
)

var statusCodes = []struct {
	err  error
	code grpc.Code
}{
	{process.ErrUnknown, grpc.NotFound},
	{process.ErrExists, grpc.AlreadyExists},
	{process.ErrStarted, grpc.AlreadyExists},
	{process.ErrMissingProcess, grpc.InvalidArgument},
	{process.ErrRunning, grpc.FailedPrecondition},
	{process.ErrNotStarted, grpc.FailedPrecondition},
	{process.ErrEnded, grpc.FailedPrecondition},
	{process.ErrShuttingDown, grpc.FailedPrecondition},
}

// asStatus gives an error the code and the details that the contract promises.
func asStatus(err error) error {
	var start *container.StartError
	if errors.As(err, &start) {
		return startFailure(guestv1.StartFailure_Reason(start.Reason), start.Subject, err)
	}
	var mount *container.MountError
	if errors.As(err, &mount) {
		return startFailure(guestv1.StartFailure_REASON_MOUNT, mount.Subject, err)
	}
	for _, known := range statusCodes {
		if errors.Is(err, known.err) {
			return grpc.Errorf(known.code, "%v", err)
		}
	}
	return grpc.Errorf(grpc.Internal, "%v", err)
}

func startFailure(reason guestv1.StartFailure_Reason, subject string, err error) error {
	return &grpc.Status{
		Code:       grpc.FailedPrecondition,
		Message:    err.Error(),
		Detail:     &guestv1.StartFailure{Reason: reason, Subject: subject},
		DetailName: "berth.guest.v1.StartFailure",
	}
}
