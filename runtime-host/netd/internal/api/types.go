// Package api has the messages of netd's control API, as they stand on the wire (README.md tells the routes).
package api

import (
	"net/netip"

	"berth.dev/netd/internal/activity"
)

// Network is what PUT /v1/network says: the one network that this netd is.
type Network struct {
	Name     string       `json:"name"`
	Subnet4  netip.Prefix `json:"subnet4"`
	Gateway4 netip.Addr   `json:"gateway4"`
	// Host4 is the address under which containers reach the host's own services, when their policy allows it.
	Host4    netip.Addr   `json:"host4"`
	Subnet6  netip.Prefix `json:"subnet6,omitzero"`
	Gateway6 netip.Addr   `json:"gateway6,omitzero"`
	Host6    netip.Addr   `json:"host6,omitzero"`
	// GatewayMAC is the gateway's Ethernet address.
	GatewayMAC MAC `json:"gatewayMac"`
	// MTU in bytes, without the Ethernet header.
	MTU uint32 `json:"mtu"`
	// ResolvConf and Hosts are the files that say how the host itself resolves names.
	ResolvConf string `json:"resolvConf"`
	Hosts      string `json:"hosts"`
}

// Member is one container's end of the network, as PUT /v1/members/{id} says it.
type Member struct {
	Name     string     `json:"name"`
	Hostname string     `json:"hostname,omitempty"`
	Aliases  []string   `json:"aliases"`
	MAC      MAC        `json:"mac"`
	Address4 netip.Addr `json:"address4"`
	Address6 netip.Addr `json:"address6,omitzero"`
	Ports    []Port     `json:"ports"`
	Policy   Policy     `json:"policy"`
	// Knows are names from the member's other networks that its DNS questions here may ask for.
	Knows []KnownName `json:"knows"`
}

// KnownName is a name and what it stands for.
type KnownName struct {
	Name      string       `json:"name"`
	Addresses []netip.Addr `json:"addresses"`
}

// Port is one published port.
type Port struct {
	// HostAddress is where the host listens; empty means 127.0.0.1, and ::1 on the same port where the system has it.
	HostAddress string `json:"hostAddress"`
	// HostPort is 0 for any free one.
	HostPort      uint16 `json:"hostPort"`
	ContainerPort uint16 `json:"containerPort"`
	// Protocol is "tcp" or "udp".
	Protocol string `json:"protocol"`
}

// Policy says what a container may begin.
type Policy struct {
	Mode  string   `json:"mode"`
	Allow []string `json:"allow"`
}

// MemberStatus is what is true of a member.
type MemberStatus struct {
	ID     string `json:"id"`
	Linked bool   `json:"linked"`
	// Ports with the addresses and ports that were really taken.
	Ports         []Port     `json:"ports"`
	DroppedFrames uint64     `json:"droppedFrames"`
	Activity      []Activity `json:"activity"`
}

// Activity counts the attempts of a member at one destination.
type Activity = activity.Entry

// Status is the answer to GET /v1/status.
type Status struct {
	Version string         `json:"version"`
	PID     int            `json:"pid"`
	Network *Network       `json:"network"`
	Members []MemberStatus `json:"members"`
}

// Link is what PUT /v1/members/{id}/link says: the unix socket on which the member's QEMU listens.
type Link struct {
	Socket string `json:"socket"`
	// Refuse makes a connection over which nothing can be sent to netd, until the next one takes its place.
	Refuse bool `json:"refuse,omitempty"`
}

// Event is one line of GET /v1/events.
type Event struct {
	// Type is "hello", "link" or "activity".
	Type    string     `json:"type"`
	PID     int        `json:"pid,omitempty"`
	Member  string     `json:"member,omitempty"`
	Up      *bool      `json:"up,omitempty"`
	Entries []Activity `json:"entries,omitempty"`
}
