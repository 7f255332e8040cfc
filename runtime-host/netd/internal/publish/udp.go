package publish

import (
	"io"
	"net"
	"net/netip"
	"sync"

	"github.com/containers/gvisor-tap-vsock/pkg/services/forwarder"
	"github.com/sirupsen/logrus"
)

func init() {
	// The library's proxy logs for every packet that a container does not take.
	logrus.SetOutput(io.Discard)
}

// udpListener has a session for every address that packets came from.
type udpListener struct {
	proxy *forwarder.UDPProxy
	done  sync.WaitGroup
}

func serveUDP(socket *net.UDPConn, dialer Dialer, target netip.AddrPort) listener {
	// It fails never: the error is of its interface.
	proxy, _ := forwarder.NewUDPProxy(socket, func() (net.Conn, error) { return dialer.DialUDP(target) })
	l := &udpListener{proxy: proxy}
	l.done.Go(proxy.Run)
	return l
}

func (l *udpListener) close() {
	// Closing what it listens on ends Run, and closing the sessions their goroutines.
	_ = l.proxy.Close()
	l.done.Wait()
}
