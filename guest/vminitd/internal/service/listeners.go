package service

import (
	"slices"
	"time"

	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/network"
	"berth.dev/vminitd/internal/processlist"
)

// How soon a change is noticed. Nobody looks unless somebody watches.
const watchInterval = time.Second

// WatchListeners tells which sockets wait for connections, at the start and after each change.
func (g *Guest) WatchListeners(call *grpc.Call) error {
	var request guestv1.WatchListenersRequest
	if err := call.Receive(&request); err != nil {
		return err
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	var told []network.Listener
	for isFirst := true; ; isFirst = false {
		now, err := network.Listeners()
		if err != nil {
			return grpc.Errorf(grpc.Internal, "%v", err)
		}
		if isFirst || !slices.Equal(now, told) {
			response, err := listenersMessage(now)
			if err != nil {
				return grpc.Errorf(grpc.Internal, "processes that listen: %v", err)
			}
			if err := call.Send(response); err != nil {
				return err
			}
			told = now
		}
		select {
		case <-ticker.C:
		case <-call.Context().Done():
			return call.Context().Err()
		}
	}
}

func listenersMessage(listeners []network.Listener) (*guestv1.WatchListenersResponse, error) {
	var inodes []uint32
	for _, l := range listeners {
		inodes = append(inodes, l.Inode)
	}
	owners, err := processlist.SocketOwners("/proc", inodes)
	if err != nil {
		return nil, err
	}
	response := &guestv1.WatchListenersResponse{}
	for _, l := range listeners {
		protocol := guestv1.Listener_PROTOCOL_TCP
		if l.IsUDP {
			protocol = guestv1.Listener_PROTOCOL_UDP
		}
		owner := owners[l.Inode]
		response.Listeners = append(response.Listeners, &guestv1.Listener{
			Protocol: protocol, Address: l.Address, Port: uint32(l.Port), Pid: uint32(owner.PID), ProcessName: valid(owner.Name),
		})
	}
	return response, nil
}
