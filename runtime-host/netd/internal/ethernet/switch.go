package ethernet

import (
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"

	"berth.dev/netd/internal/api"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// lengthSize is of the length that a frame begins with on its way to a member.
const lengthSize = 4

// Port is where the switch puts frames for a member. A frame begins with its 32-bit length. Send does not wait, and
// takes a reference of its own.
type Port interface {
	Send(frame *stack.PacketBuffer)
	// Expect is called with each frame of a neighbour that is about to be sent.
	Expect(frame []byte)
}

// Gateway takes the frames that are for the gateway. It owns the view, which begins with the Ethernet header.
type Gateway func(frame *buffer.View)

// Switch knows every station and learns nothing. It is safe for use by many goroutines.
type Switch struct {
	gatewayMAC api.MAC
	gateway    Gateway
	mu         sync.Mutex
	ports      atomic.Pointer[map[api.MAC]Port]
}

// NewSwitch makes a switch on which there is only the gateway.
func NewSwitch(gatewayMAC api.MAC, gateway Gateway) *Switch {
	s := &Switch{gatewayMAC: gatewayMAC, gateway: gateway}
	s.ports.Store(&map[api.MAC]Port{})
	return s
}

// Set puts a station at a port; nil removes it.
func (s *Switch) Set(mac api.MAC, port Port) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ports := maps.Clone(*s.ports.Load())
	if port == nil {
		delete(ports, mac)
	} else {
		ports[mac] = port
	}
	s.ports.Store(&ports)
}

// FromMember carries a frame that a member sent, and that was found to be from it. It owns the view. The filter says
// whether the frame may go to neighbours.
func (s *Switch) FromMember(source api.MAC, frame *buffer.View, filter func(frame []byte) bool) {
	content := frame.AsSlice()
	destination := api.MAC(content[:6])
	if destination == s.gatewayMAC {
		s.gateway(frame)
		return
	}
	if filter(content) {
		s.toNeighbours(source, destination, frame)
	}
	if isGroup(destination) {
		s.gateway(frame)
		return
	}
	frame.Release()
}

func (s *Switch) toNeighbours(source, destination api.MAC, frame *buffer.View) {
	ports := *s.ports.Load()
	if !isGroup(destination) && ports[destination] == nil {
		return
	}
	packet := stack.NewPacketBuffer(stack.PacketBufferOptions{ReserveHeaderBytes: lengthSize, Payload: buffer.MakeWithView(frame.Clone())})
	binary.BigEndian.PutUint32(packet.LinkHeader().Push(lengthSize), uint32(frame.Size()))
	defer packet.DecRef()
	if !isGroup(destination) {
		ports[destination].Expect(frame.AsSlice())
		ports[destination].Send(packet)
		return
	}
	for mac, port := range ports {
		if mac != source {
			port.Expect(frame.AsSlice())
			port.Send(packet)
		}
	}
}

// FromGateway carries a frame, with its length, that the gateway made.
func (s *Switch) FromGateway(destination api.MAC, frame *stack.PacketBuffer) {
	ports := *s.ports.Load()
	if !isGroup(destination) {
		if port := ports[destination]; port != nil {
			port.Send(frame)
		}
		return
	}
	for _, port := range ports {
		port.Send(frame)
	}
}

func isGroup(mac api.MAC) bool { return mac[0]&1 != 0 }
