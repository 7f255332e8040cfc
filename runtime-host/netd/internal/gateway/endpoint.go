package gateway

import (
	"encoding/binary"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/link"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// nic is the stack's only network interface; its other end is the switch.
type nic struct {
	mac        tcpip.LinkAddress
	mtu        uint32
	output     func(destination api.MAC, frame *stack.PacketBuffer)
	dispatcher stack.NetworkDispatcher
}

var _ stack.LinkEndpoint = (*nic)(nil)

// prefixSize makes room in front of every packet for the Ethernet header, and for the length that QEMU wants.
const prefixSize = link.PrefixSize + header.EthernetMinimumSize

// WritePackets implements stack.LinkWriter.
func (n *nic) WritePackets(packets stack.PacketBufferList) (int, tcpip.Error) {
	for _, packet := range packets.AsSlice() {
		n.write(packet)
	}
	return packets.Len(), nil
}

func (n *nic) write(packet *stack.PacketBuffer) {
	destination := packet.EgressRoute.RemoteLinkAddress
	if len(destination) != header.EthernetAddressSize {
		return
	}
	prefix := packet.LinkHeader().Push(prefixSize)
	binary.BigEndian.PutUint32(prefix, uint32(packet.Size()-link.PrefixSize))
	header.Ethernet(prefix[link.PrefixSize:]).Encode(&header.EthernetFields{
		Type: packet.NetworkProtocolNumber, SrcAddr: n.mac, DstAddr: destination,
	})
	n.output(api.MAC([]byte(destination)), packet)
}

// Capabilities implements stack.NetworkLinkEndpoint. Frames come through memory of this machine: nothing corrupts
// them on their way, and what a guest itself spoils is its own affair.
func (n *nic) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityResolutionRequired | stack.CapabilityRXChecksumOffload
}

// Attach implements stack.NetworkLinkEndpoint.
func (n *nic) Attach(dispatcher stack.NetworkDispatcher) { n.dispatcher = dispatcher }

// IsAttached implements stack.NetworkLinkEndpoint.
func (n *nic) IsAttached() bool { return n.dispatcher != nil }

// MTU implements stack.NetworkLinkEndpoint.
func (n *nic) MTU() uint32 { return n.mtu }

// SetMTU implements stack.NetworkLinkEndpoint; the MTU never changes.
func (n *nic) SetMTU(uint32) {}

// MaxHeaderLength implements stack.NetworkLinkEndpoint.
func (n *nic) MaxHeaderLength() uint16 { return prefixSize }

// LinkAddress implements stack.NetworkLinkEndpoint.
func (n *nic) LinkAddress() tcpip.LinkAddress { return n.mac }

// SetLinkAddress implements stack.NetworkLinkEndpoint; the address never changes.
func (n *nic) SetLinkAddress(tcpip.LinkAddress) {}

// ARPHardwareType implements stack.NetworkLinkEndpoint.
func (n *nic) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }

// AddHeader implements stack.NetworkLinkEndpoint; write does it.
func (n *nic) AddHeader(*stack.PacketBuffer) {}

// ParseHeader implements stack.NetworkLinkEndpoint; frames are parsed before they get here.
func (n *nic) ParseHeader(*stack.PacketBuffer) bool { return true }

// Wait implements stack.NetworkLinkEndpoint; there are no goroutines.
func (n *nic) Wait() {}

// Close implements stack.NetworkLinkEndpoint.
func (n *nic) Close() {}

// SetOnCloseAction implements stack.NetworkLinkEndpoint.
func (n *nic) SetOnCloseAction(func()) {}
