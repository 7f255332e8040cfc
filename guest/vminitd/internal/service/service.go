// Package service answers the host: it turns the messages of api/v1/guest.proto into calls on the container.
package service

import (
	"context"

	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/process"
	"berth.dev/vminitd/internal/reaper"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// Guest serves the methods of the contract.
type Guest struct {
	Version   string
	container *container.Container
	processes *process.Table
	calls     openCalls
	sockets   announced
}

// NewServer makes the gRPC server of the guest.
func NewServer(version string, c *container.Container) *grpc.Server {
	guest := &Guest{Version: version, container: c, processes: process.NewTable(c, reaper.New())}
	server := grpc.NewServer()
	for name, handler := range guest.methods() {
		server.Handle("/berth.guest.v1.Guest/"+name, handler)
	}
	return server
}

func (g *Guest) methods() map[string]grpc.Handler {
	return map[string]grpc.Handler{
		"Handshake":      grpc.Unary(g.Handshake),
		"StartContainer": grpc.Unary(g.StartContainer),
		"StartProcess":   grpc.Unary(g.StartProcess),
		"AttachProcess":  g.AttachProcess,
		"SignalProcess":  grpc.Unary(g.SignalProcess),
		"ReleaseProcess": grpc.Unary(g.ReleaseProcess),
		"MountContainer": grpc.Unary(g.MountContainer),
		"ReadArchive":    g.ReadArchive,
		"WriteArchive":   g.WriteArchive,
		"Shutdown":       grpc.Unary(g.Shutdown),
		"Statistics":     grpc.Unary(g.Statistics),
		"ListProcesses":  grpc.Unary(g.ListProcesses),
		"SetClock":       grpc.Unary(g.SetClock),
		"WatchListeners": g.WatchListeners,
		"Dial":           g.Dial,
		"ListenSocket":   g.ListenSocket,
		"AcceptSocket":   g.AcceptSocket,
		"MountShare":     g.MountShare,
	}
}

// Handshake greets a host, sets the clock and tells what there is.
func (g *Guest) Handshake(_ context.Context, request *guestv1.HandshakeRequest) (*guestv1.HandshakeResponse, error) {
	const current = uint32(guestv1.ContractVersion_CONTRACT_VERSION_CURRENT)
	if request.ContractVersion != current {
		return nil, grpc.Errorf(grpc.FailedPrecondition,
			"the host speaks version %d of the guest contract, vminitd %s speaks version %d", request.ContractVersion, g.Version, current)
	}
	if request.UnixNanoseconds > 0 {
		if _, err := setClock(request.UnixNanoseconds); err != nil {
			return nil, err
		}
	}
	response := &guestv1.HandshakeResponse{
		ContractVersion:  current,
		VminitdVersion:   g.Version,
		KernelRelease:    system.KernelRelease(),
		ContainerStarted: g.processes.Started(),
	}
	for _, p := range g.processes.All() {
		info := &guestv1.ProcessInfo{Id: p.ID, Pid: int32(p.PID()), Terminal: p.Terminal}
		if exit, ended := p.Exit(); ended {
			info.Exit = exitStatus(exit)
		}
		response.Processes = append(response.Processes, info)
	}
	system.Trace("handshake")
	return response, nil
}

// StartContainer completes the container and starts its first process.
func (g *Guest) StartContainer(_ context.Context, request *guestv1.StartContainerRequest) (*guestv1.StartProcessResponse, error) {
	complete := func() error { return g.container.Complete(request.RootDevice, world(request)) }
	p, err := g.processes.StartFirst(request.Process.GetId(), processSpec(request.Process), complete)
	if err != nil {
		return nil, asStatus(err)
	}
	system.Trace("container started")
	return &guestv1.StartProcessResponse{Pid: int32(p.PID())}, nil
}

// StartProcess starts a further process.
func (g *Guest) StartProcess(_ context.Context, request *guestv1.StartProcessRequest) (*guestv1.StartProcessResponse, error) {
	p, err := g.processes.Start(request.Process.GetId(), processSpec(request.Process))
	if err != nil {
		return nil, asStatus(err)
	}
	return &guestv1.StartProcessResponse{Pid: int32(p.PID())}, nil
}

// SignalProcess sends a signal. One to a process that has ended is no error: it came too late.
func (g *Guest) SignalProcess(_ context.Context, request *guestv1.SignalProcessRequest) (*guestv1.SignalProcessResponse, error) {
	p, err := g.processes.Get(request.ProcessId)
	if err != nil {
		return nil, asStatus(err)
	}
	const largestSignal = 64
	if request.Signal < 1 || request.Signal > largestSignal {
		return nil, grpc.Errorf(grpc.InvalidArgument, "there is no signal %d", request.Signal)
	}
	noticed, err := g.processes.SignalNoticed(p, unix.Signal(request.Signal))
	if err != nil {
		return nil, grpc.Errorf(grpc.Internal, "signal %d: %v", request.Signal, err)
	}
	return &guestv1.SignalProcessResponse{Unnoticed: !noticed}, nil
}

// ReleaseProcess forgets an ended process.
func (g *Guest) ReleaseProcess(_ context.Context, request *guestv1.ReleaseProcessRequest) (*guestv1.ReleaseProcessResponse, error) {
	if err := g.processes.Release(request.ProcessId); err != nil {
		return nil, asStatus(err)
	}
	return &guestv1.ReleaseProcessResponse{}, nil
}

func exitStatus(exit process.Exit) *guestv1.ExitStatus {
	return &guestv1.ExitStatus{
		Code:                  int32(exit.Code),
		ExitedUnixNanoseconds: exit.At.UnixNano(),
		OomKilled:             exit.OOMKilled,
		ContainerOomKills:     exit.OOMKills,
	}
}
