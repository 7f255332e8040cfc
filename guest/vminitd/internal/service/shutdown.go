package service

import (
	"context"

	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/system"
)

// Shutdown ends the container, and the VM if asked to. It goes on when the host leaves meanwhile: half a shutdown helps nobody.
func (g *Guest) Shutdown(_ context.Context, request *guestv1.ShutdownRequest) (*guestv1.ShutdownResponse, error) {
	system.Trace("shutdown")
	g.processes.End()
	g.calls.close()
	err := g.container.Unmount()
	if err != nil {
		system.Log("shutdown: %v", err)
	}
	if request.PowerOff {
		system.Trace("power off")
		system.PowerOff()
	}
	if err != nil {
		return nil, grpc.Errorf(grpc.Internal, "shutdown: %v", err)
	}
	return &guestv1.ShutdownResponse{}, nil
}
