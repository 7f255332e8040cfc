package service

import (
	"context"
	"errors"

	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/process"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var statusCodes = []struct {
	err  error
	code codes.Code
}{
	{process.ErrUnknown, codes.NotFound},
	{process.ErrExists, codes.AlreadyExists},
	{process.ErrStarted, codes.AlreadyExists},
	{process.ErrMissingProcess, codes.InvalidArgument},
	{process.ErrRunning, codes.FailedPrecondition},
	{process.ErrNotStarted, codes.FailedPrecondition},
	{process.ErrEnded, codes.FailedPrecondition},
	{process.ErrShuttingDown, codes.FailedPrecondition},
	{context.Canceled, codes.Canceled},
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
			return status.Error(known.code, err.Error())
		}
	}
	return status.Error(codes.Internal, err.Error())
}

func startFailure(reason guestv1.StartFailure_Reason, subject string, err error) error {
	plain := status.New(codes.FailedPrecondition, err.Error())
	detailed, detailErr := plain.WithDetails(&guestv1.StartFailure{Reason: reason, Subject: subject})
	if detailErr != nil {
		return plain.Err()
	}
	return detailed.Err()
}
