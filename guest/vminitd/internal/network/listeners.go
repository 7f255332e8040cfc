package network

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Listener is a socket that waits for connections, or for datagrams from anybody.
type Listener struct {
	IsUDP   bool
	Address string
	Port    uint16
	// Of the socket; by it the process is found that has it open.
	Inode uint32
}

// Asking by sock_diag(7) for what listens is cheaper than reading /proc/net: that also lists all connections.
const (
	sockDiagByFamily = 20
	sizeOfRequest    = 56 // struct inet_diag_req_v2
	sizeOfAnswer     = 72 // struct inet_diag_msg
	stateListen      = 10
	stateClose       = 7 // of an UDP socket: not connected
)

// Listeners lists them, sorted. Several sockets for the same address and port are one.
func Listeners() ([]Listener, error) {
	s, err := openSocket(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	defer s.close()
	var found []Listener
	for _, kind := range []struct{ family, protocol, state uint8 }{
		{unix.AF_INET, unix.IPPROTO_TCP, stateListen},
		{unix.AF_INET6, unix.IPPROTO_TCP, stateListen},
		{unix.AF_INET, unix.IPPROTO_UDP, stateClose},
		{unix.AF_INET6, unix.IPPROTO_UDP, stateClose},
	} {
		request := make([]byte, sizeOfRequest)
		request[0], request[1] = kind.family, kind.protocol
		native.PutUint32(request[4:], 1<<kind.state)
		b := &batch{}
		b.add("list the sockets", sockDiagByFamily, unix.NLM_F_DUMP, request)
		err := s.send(b, func(_ uint16, payload []byte) {
			if listener, ok := parseListener(payload, kind.protocol == unix.IPPROTO_UDP); ok {
				found = append(found, listener)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(a.Address, b.Address), compareBool(a.IsUDP, b.IsUDP), cmp.Compare(a.Inode, b.Inode))
	})
	return slices.CompactFunc(found, func(a, b Listener) bool {
		return a.Port == b.Port && a.Address == b.Address && a.IsUDP == b.IsUDP
	}), nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// parseListener reads struct inet_diag_msg: family, state, timer and retransmissions, a byte each; source and destination
// port, in network order; source and destination address, 16 bytes each; interface; cookie, 8 bytes; expiry; both queues;
// user; inode.
func parseListener(payload []byte, isUDP bool) (Listener, bool) {
	if len(payload) < sizeOfAnswer {
		return Listener{}, false
	}
	port := binary.BigEndian.Uint16(payload[4:])
	size := 16
	if payload[0] == unix.AF_INET {
		size = 4
	}
	return Listener{IsUDP: isUDP, Address: address(payload[8 : 8+size]).String(), Port: port, Inode: native.Uint32(payload[68:])}, port != 0
}

// String writes an address as RFC 5952 asks for, but for IPv4 addresses within IPv6 ones.
func (a address) String() string {
	if a.is4() {
		return fmt.Sprintf("%d.%d.%d.%d", a[0], a[1], a[2], a[3])
	}
	start, length := a.longestGap()
	var text strings.Builder
	for i := 0; i < len(a)/2; i++ {
		if i == start && length > 1 {
			text.WriteString("::")
			i += length - 1
			continue
		}
		if i > 0 && (length <= 1 || i != start+length) {
			text.WriteByte(':')
		}
		fmt.Fprintf(&text, "%x", binary.BigEndian.Uint16(a[2*i:]))
	}
	return text.String()
}

// longestGap finds the longest run of groups that are zero, the first of several.
func (a address) longestGap() (start, length int) {
	run := 0
	for i := range len(a) / 2 {
		if a[2*i] != 0 || a[2*i+1] != 0 {
			run = 0
			continue
		}
		if run++; run > length {
			start, length = i-run+1, run
		}
	}
	return start, length
}
