package gateway

import (
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

// Windows of TCP, in bytes. Segments are up to 64 KiB, so a window must hold many of them.
const (
	minimumBuffer = 4 << 10
	defaultBuffer = 1 << 20
	maximumBuffer = 8 << 20
	// ReceiveWindow is what a new connection from a guest is offered.
	ReceiveWindow = 4 << 20
	// CrowdedWindow is what each of very many connections of one guest is offered, and may have on its way to the guest:
	// all of them may wait for somebody who does not read.
	CrowdedWindow = 128 << 10
)

func setTCPOptions(s *stack.Stack) error {
	sack := tcpip.TCPSACKEnabled(true)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: minimumBuffer, Default: defaultBuffer, Max: maximumBuffer}
	receive := tcpip.TCPReceiveBufferSizeRangeOption{Min: minimumBuffer, Default: defaultBuffer, Max: maximumBuffer}
	moderate := tcpip.TCPModerateReceiveBufferOption(true)
	// RACK waits for timers where nothing is ever reordered.
	recovery := tcpip.TCPRecovery(0)
	wait := tcpip.TCPTimeWaitTimeoutOption(timeWait)
	reuse := tcpip.TCPTimeWaitReuseOption(tcpip.TCPTimeWaitReuseGlobal)
	for _, option := range []tcpip.SettableTransportProtocolOption{&sack, &send, &receive, &moderate, &recovery, &wait, &reuse} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, option); err != nil {
			return fmt.Errorf("cannot set TCP's %T: %s", option, err)
		}
	}
	return nil
}
