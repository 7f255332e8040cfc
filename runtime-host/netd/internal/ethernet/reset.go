package ethernet

import (
	"encoding/binary"
	"net/netip"

	"berth.dev/netd/internal/api"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// segment is a TCP segment without payload, on its way between two stations.
type segment struct {
	from, to            api.MAC
	source, destination netip.AddrPort
	seq, ack            uint32
	flags               header.TCPFlags
}

// Refusal is the reset with which the destination of a TCP segment would refuse it (RFC 9293, section 3.5.2). It begins
// with its length, and is for the sender.
func Refusal(frame []byte, c Conversation) *stack.PacketBuffer {
	tcp, size := tcpOf(frame)
	reset := segment{from: c.MAC, to: api.MAC(frame[6:12]), source: c.Destination, destination: c.Source}
	if tcp.Flags()&header.TCPFlagAck != 0 {
		reset.seq, reset.flags = tcp.AckNumber(), header.TCPFlagRst
		return reset.frame()
	}
	reset.ack, reset.flags = tcp.SequenceNumber()+uint32(size), header.TCPFlagRst|header.TCPFlagAck
	if tcp.Flags()&header.TCPFlagSyn != 0 {
		reset.ack++
	}
	return reset.frame()
}

// Abortion is the reset with which the sender of a TCP segment would end the connection instead. It begins with its
// length, and is for the destination.
func Abortion(frame []byte, c Conversation) *stack.PacketBuffer {
	tcp, _ := tcpOf(frame)
	return segment{
		from: api.MAC(frame[6:12]), to: c.MAC, source: c.Source, destination: c.Destination,
		seq: tcp.SequenceNumber(), ack: tcp.AckNumber(), flags: header.TCPFlagRst | header.TCPFlagAck,
	}.frame()
}

// tcpOf finds the TCP header of a frame that was parsed as TCP, and the size of what it carries.
func tcpOf(frame []byte) (header.TCP, int) {
	packet := frame[headerSize:]
	end, payload := int(binary.BigEndian.Uint16(packet[2:4])), []byte(nil)
	if binary.BigEndian.Uint16(frame[12:14]) == typeIPv4 {
		payload = packet[int(packet[0]&0xf)*4:]
	} else {
		end = int(binary.BigEndian.Uint16(packet[4:6])) + header.IPv6MinimumSize
		_, payload = upperLayer6(packet)
	}
	tcp := header.TCP(payload)
	return tcp, max(0, end-(len(packet)-len(payload))-int(tcp.DataOffset()))
}

func (s segment) frame() *stack.PacketBuffer {
	ip, protocol := header.IPv4MinimumSize, header.IPv4ProtocolNumber
	if s.source.Addr().Is6() {
		ip, protocol = header.IPv6MinimumSize, header.IPv6ProtocolNumber
	}
	const prefix = lengthSize + header.EthernetMinimumSize
	bytes := make([]byte, prefix+ip+header.TCPMinimumSize)
	binary.BigEndian.PutUint32(bytes, uint32(len(bytes)-lengthSize))
	header.Ethernet(bytes[lengthSize:]).Encode(&header.EthernetFields{
		SrcAddr: tcpip.LinkAddress(s.from[:]), DstAddr: tcpip.LinkAddress(s.to[:]), Type: protocol,
	})
	source, destination := tcpip.AddrFromSlice(s.source.Addr().AsSlice()), tcpip.AddrFromSlice(s.destination.Addr().AsSlice())
	if s.source.Addr().Is6() {
		header.IPv6(bytes[prefix:]).Encode(&header.IPv6Fields{
			PayloadLength: header.TCPMinimumSize, TransportProtocol: header.TCPProtocolNumber, HopLimit: 64, SrcAddr: source, DstAddr: destination,
		})
	} else {
		packet := header.IPv4(bytes[prefix:])
		packet.Encode(&header.IPv4Fields{
			TotalLength: uint16(ip + header.TCPMinimumSize), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: source, DstAddr: destination,
		})
		packet.SetChecksum(^packet.CalculateChecksum())
	}
	tcp := header.TCP(bytes[prefix+ip:])
	tcp.Encode(&header.TCPFields{
		SrcPort: s.source.Port(), DstPort: s.destination.Port(), SeqNum: s.seq, AckNum: s.ack, DataOffset: header.TCPMinimumSize, Flags: s.flags,
	})
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, source, destination, header.TCPMinimumSize)
	tcp.SetChecksum(^checksum.Checksum(tcp, sum))
	return stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(bytes)})
}
