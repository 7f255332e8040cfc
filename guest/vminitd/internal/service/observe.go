package service

import (
	"context"
	"runtime"
	"time"

	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/network"
	"berth.dev/vminitd/internal/processlist"
	"berth.dev/vminitd/internal/system"
)

// Statistics reads what the container uses. Nothing is read unless somebody asks.
func (g *Guest) Statistics(context.Context, *guestv1.StatisticsRequest) (*guestv1.StatisticsResponse, error) {
	const nanosecondsPerMicrosecond = 1000
	used, err := cgroup.Container.Statistics()
	if err != nil {
		return nil, grpc.Errorf(grpc.Internal, "%v", err)
	}
	received, sent, err := network.Traffic("/proc/net/dev")
	if err != nil {
		return nil, grpc.Errorf(grpc.Internal, "%v", err)
	}
	return &guestv1.StatisticsResponse{
		MonotonicNanoseconds:   uint64(system.SinceBoot().Nanoseconds()),
		CpuUserNanoseconds:     used.CPUUserMicroseconds * nanosecondsPerMicrosecond,
		CpuSystemNanoseconds:   used.CPUSystemMicroseconds * nanosecondsPerMicrosecond,
		Processors:             uint32(runtime.NumCPU()),
		MemoryBytes:            used.Memory,
		MemoryLimitBytes:       used.MemoryLimit,
		MemoryPeakBytes:        used.MemoryPeak,
		AnonymousBytes:         used.Anonymous,
		PageCacheBytes:         used.File,
		InactivePageCacheBytes: used.InactiveFile,
		Tasks:                  used.Tasks,
		ReadBytes:              used.Disk.ReadBytes,
		WrittenBytes:           used.Disk.WrittenBytes,
		ReadOperations:         used.Disk.ReadOperations,
		WriteOperations:        used.Disk.WriteOperations,
		OomKills:               used.OOMKills,
		Network:                &guestv1.NetworkTraffic{ReceivedBytes: received, SentBytes: sent},
	}, nil
}

// ListProcesses lists all processes of the container.
func (g *Guest) ListProcesses(context.Context, *guestv1.ListProcessesRequest) (*guestv1.ListProcessesResponse, error) {
	processes, err := processlist.List("/proc")
	if err != nil {
		return nil, grpc.Errorf(grpc.Internal, "list the processes: %v", err)
	}
	names, err := g.container.AccountNames()
	if err != nil {
		return nil, grpc.Errorf(grpc.Internal, "names of users: %v", err)
	}
	response := &guestv1.ListProcessesResponse{}
	for _, p := range processes {
		response.Processes = append(response.Processes, &guestv1.ProcessEntry{
			Pid:                    uint32(p.PID),
			ParentPid:              uint32(p.ParentPID),
			Uid:                    p.UID,
			Gid:                    p.GID,
			User:                   names.Users[p.UID],
			Group:                  names.Groups[p.GID],
			State:                  p.State,
			Terminal:               p.Terminal,
			StartedUnixNanoseconds: p.Started.UnixNano(),
			CpuNanoseconds:         uint64(p.CPU.Nanoseconds()),
			VirtualBytes:           p.Virtual,
			ResidentBytes:          p.Resident,
			Threads:                uint32(p.Threads),
			Nice:                   int32(p.Nice),
			Name:                   valid(p.Name),
			Arguments:              valids(p.Arguments),
			Session:                int32(p.Session),
			ProcessGroup:           int32(p.ProcessGroup),
		})
	}
	return response, nil
}

// SetClock sets the guest's clock.
func (g *Guest) SetClock(_ context.Context, request *guestv1.SetClockRequest) (*guestv1.SetClockResponse, error) {
	ahead, err := setClock(request.UnixNanoseconds)
	if err != nil {
		return nil, err
	}
	return &guestv1.SetClockResponse{AheadNanoseconds: ahead.Nanoseconds()}, nil
}

func setClock(unixNanoseconds int64) (time.Duration, error) {
	ahead, err := system.SetClock(time.Unix(0, unixNanoseconds))
	if err != nil {
		return 0, grpc.Errorf(grpc.Internal, "set the clock: %v", err)
	}
	return ahead, nil
}
