package publish

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"berth.dev/netd/internal/relay"
)

const (
	// connectTimeout gives a container time that is still booting.
	connectTimeout = 60 * time.Second
	// acceptPause is how long no connections are taken when the process has no file descriptors left.
	acceptPause = 50 * time.Millisecond
)

type tcpListener struct {
	socket  *net.TCPListener
	dialer  Dialer
	target  netip.AddrPort
	flows   relay.Set
	context context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

func serveTCP(socket *net.TCPListener, dialer Dialer, target netip.AddrPort) *tcpListener {
	l := &tcpListener{socket: socket, dialer: dialer, target: target}
	l.context, l.cancel = context.WithCancel(context.Background())
	l.done.Go(l.acceptLoop)
	return l
}

func (l *tcpListener) close() {
	l.cancel()
	// Accept reports the end.
	_ = l.socket.Close()
	l.flows.Close()
	l.done.Wait()
}

func (l *tcpListener) acceptLoop() {
	for {
		client, err := l.socket.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			slog.Warn("cannot take a connection", "address", l.socket.Addr().String(), "error", err)
			select {
			case <-l.context.Done():
			case <-time.After(acceptPause):
			}
			continue
		}
		l.done.Go(func() { l.serve(client) })
	}
}

func (l *tcpListener) serve(client *net.TCPConn) {
	ctx, cancel := context.WithTimeout(l.context, connectTimeout)
	container, err := l.dialer.DialTCP(ctx, l.target)
	cancel()
	if err != nil {
		slog.Debug("a published port leads nowhere", "target", l.target.String(), "error", err)
		relay.Reset(client)
		return
	}
	pair := relay.NewPair(container, client)
	if l.flows.Add(pair, relay.Destination{Address: l.target, Protocol: "tcp"}) {
		defer l.flows.Remove(pair)
	}
	pair.Run()
}
