package service

import (
	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/network"
)

// world is what a request says about the container itself.
func world(request *guestv1.StartContainerRequest) container.World {
	w := container.World{
		Hostname:         request.Hostname,
		SharedMemory:     request.SharedMemoryBytes,
		ReadOnly:         request.ReadOnlyRoot,
		Privileged:       request.Privileged,
		Unmasked:         request.Unmasked || request.Privileged,
		MaximumProcesses: request.MaximumProcesses,
		Certificates:     request.Certificates,
	}
	for _, share := range request.Shares {
		w.Shares = append(w.Shares, container.Share{Tag: share.Tag, Target: share.Target, ReadOnly: share.ReadOnly, Owner: shareOwner(share.Owner), Live: share.Live})
	}
	for _, v := range request.Volumes {
		w.Volumes = append(w.Volumes, container.Volume{Serial: v.Serial, Target: v.Target, ReadOnly: v.ReadOnly, CopyUp: v.CopyUp})
	}
	for _, t := range request.Temporary {
		w.Temporary = append(w.Temporary, container.Temporary{
			Target: t.Target, ReadOnly: t.ReadOnly, Executable: t.Executable, SetUserID: t.SetUserId, Devices: t.Devices, Options: t.Options,
		})
	}
	for _, i := range request.Interfaces {
		w.Interfaces = append(w.Interfaces, network.Interface{MAC: i.Mac, Addresses: i.Addresses, Gateway4: i.Gateway4, Gateway6: i.Gateway6, MTU: i.Mtu})
	}
	if r := request.Resolver; r != nil {
		w.Resolver = &container.Resolver{Servers: r.Servers, Search: r.Search, Options: r.Options}
	}
	for _, h := range request.Hosts {
		w.Hosts = append(w.Hosts, container.HostEntry{Name: h.Name, Address: h.Address})
	}
	return w
}

func processSpec(p *guestv1.Process) container.ProcessSpec {
	spec := container.ProcessSpec{
		Arguments:        p.GetArguments(),
		Environment:      p.GetEnvironment(),
		WorkingDirectory: p.GetWorkingDirectory(),
		User:             p.GetUser(),
		Terminal:         p.GetTerminal(),
		Stdin:            p.GetStdin(),
		Size:             terminalSize(p.GetSize()),
		Groups:           p.GetAdditionalGroups(),
		Init:             p.GetInit(),
	}
	if c := p.GetConfinement(); c != nil {
		spec.Confinement = &container.Confinement{Capabilities: c.Capabilities, NoNewPrivileges: c.NoNewPrivileges, Unfiltered: c.Unfiltered}
	}
	for _, limit := range p.GetLimits() {
		spec.Limits = append(spec.Limits, container.Limit{Resource: limit.Resource, Soft: limit.Soft, Hard: limit.Hard})
	}
	return spec
}

func terminalSize(size *guestv1.TerminalSize) container.Size {
	const largest = 1<<16 - 1
	return container.Size{
		Columns: uint16(min(size.GetColumns(), largest)),
		Rows:    uint16(min(size.GetRows(), largest)),
	}
}

func shareOwner(owner *guestv1.ShareOwner) *container.ShareOwner {
	if owner == nil {
		return nil
	}
	return &container.ShareOwner{UID: owner.Uid, GID: owner.Gid}
}
