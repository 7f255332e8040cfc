package testguest

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// Ping is a frame with an echo request.
func Ping(source, destination [6]byte, source4, source6, to netip.Addr) []byte {
	frame := append(append([]byte{}, destination[:]...), source[:]...)
	receiver := tcpip.AddrFromSlice(to.AsSlice())
	if to.Is4() {
		packet := make([]byte, header.IPv4MinimumSize+header.ICMPv4MinimumSize)
		header.IPv4(packet).Encode(&header.IPv4Fields{
			TotalLength: uint16(len(packet)), TTL: 64, Protocol: uint8(header.ICMPv4ProtocolNumber),
			SrcAddr: tcpip.AddrFromSlice(source4.AsSlice()), DstAddr: receiver,
		})
		header.IPv4(packet).SetChecksum(^header.IPv4(packet).CalculateChecksum())
		message := header.ICMPv4(packet[header.IPv4MinimumSize:])
		message.SetType(header.ICMPv4Echo)
		message.SetChecksum(^checksum.Checksum(message, 0))
		return append(append(frame, 8, 0), packet...)
	}
	sender := tcpip.AddrFromSlice(source6.AsSlice())
	packet := make([]byte, header.IPv6MinimumSize+header.ICMPv6EchoMinimumSize)
	header.IPv6(packet).Encode(&header.IPv6Fields{
		PayloadLength: header.ICMPv6EchoMinimumSize, TransportProtocol: header.ICMPv6ProtocolNumber, HopLimit: 64, SrcAddr: sender, DstAddr: receiver,
	})
	message := header.ICMPv6(packet[header.IPv6MinimumSize:])
	message.SetType(header.ICMPv6EchoRequest)
	message.SetChecksum(header.ICMPv6Checksum(header.ICMPv6ChecksumParams{Header: message, Src: sender, Dst: receiver}))
	return append(append(frame, 0x86, 0xdd), packet...)
}
