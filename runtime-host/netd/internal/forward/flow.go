package forward

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

const maxDatagram = 65535

type datagram [maxDatagram]byte

// datagrams are lent to flows that carry a packet at this moment: a guest may have thousands of silent ones.
var datagrams = sync.Pool{New: func() any { return new(datagram) }}

var errEnded = errors.New("the flow has ended")

// flow is all packets between one port of a guest and one destination.
type flow struct {
	guest   tcpip.Endpoint
	queue   *waiter.Queue
	outside *net.UDPConn
	timeout time.Duration
	// used is when the last packet came, in nanoseconds since 1970.
	used  atomic.Int64
	abort sync.Once
}

// Abort implements relay.Flow.
func (f *flow) Abort() {
	f.abort.Do(func() {
		f.guest.Close()
		// It has nothing to say about its end.
		_ = f.outside.Close()
	})
}

// run carries packets until there have been none for the flow's timeout, or an end has failed.
func (f *flow) run() error {
	raw, err := f.outside.SyscallConn()
	if err != nil {
		f.Abort()
		return err
	}
	f.used.Store(time.Now().UnixNano())
	var timer *time.Timer
	started := make(chan struct{})
	timer = time.AfterFunc(f.timeout, func() {
		<-started
		if rest := f.timeout - time.Duration(time.Now().UnixNano()-f.used.Load()); rest > 0 {
			timer.Reset(rest)
			return
		}
		f.Abort()
	})
	close(started)
	defer timer.Stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer f.Abort()
		f.inward(raw)
	}()
	f.outward()
	f.Abort()
	<-done
	return nil
}

// outward carries from the guest. A packet that the host does not take, because it is too long for the way for example,
// is lost as it would be on any other way.
func (f *flow) outward() {
	entry, readable := waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventErr | waiter.EventHUp)
	f.queue.EventRegister(&entry)
	defer f.queue.EventUnregister(&entry)
	for {
		packet := datagrams.Get().(*datagram)
		writer := tcpip.SliceWriter(packet[:])
		result, err := f.guest.Read(&writer, tcpip.ReadOptions{})
		if err == nil {
			f.used.Store(time.Now().UnixNano())
			_, _ = f.outside.Write(packet[:result.Count])
		}
		datagrams.Put(packet)
		switch err.(type) {
		case nil:
		case *tcpip.ErrWouldBlock:
			<-readable
		default:
			return
		}
	}
}

// inward carries to the guest, until the outside fails: also when it says that nobody listens there.
func (f *flow) inward(raw syscall.RawConn) {
	for {
		packet, n, err := nextDatagram(raw)
		if err != nil {
			return
		}
		f.used.Store(time.Now().UnixNano())
		content := payload{packet[:n]}
		_, failed := f.guest.Write(&content, tcpip.WriteOptions{})
		datagrams.Put(packet)
		if _, closed := failed.(*tcpip.ErrInvalidEndpointState); closed {
			return
		}
	}
}

// payload is a packet that is written in one piece.
type payload struct{ rest []byte }

// Len implements tcpip.Payloader.
func (p *payload) Len() int { return len(p.rest) }

// Read implements tcpip.Payloader.
func (p *payload) Read(into []byte) (int, error) {
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// nextDatagram waits for a packet, and lends it.
func nextDatagram(raw syscall.RawConn) (packet *datagram, n int, err error) {
	failed := raw.Read(func(descriptor uintptr) bool {
		packet = datagrams.Get().(*datagram)
		for {
			if n, err = syscall.Read(int(descriptor), packet[:]); !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if errors.Is(err, syscall.EAGAIN) {
			datagrams.Put(packet)
			packet, err = nil, nil
			return false
		}
		return true
	})
	if failed != nil {
		err = failed
	}
	if err == nil && packet == nil {
		err = errEnded
	}
	if err != nil && packet != nil {
		datagrams.Put(packet)
		packet = nil
	}
	return packet, n, err
}
