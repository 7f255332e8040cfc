// Package link carries Ethernet frames between netd and one QEMU, over the unix socket of `-netdev stream`.
//
// QEMU's framing, both ways, without any negotiation:
//
//	0               4
//	+---------------+--------------------------------------------+
//	| length, 32 bit| Ethernet frame: destination 6, source 6,   |
//	| big endian    | type 2, payload up to the MTU (no FCS)     |
//	+---------------+--------------------------------------------+
//
// What is queued for sending begins with the length already, so that a batch of frames is one writev.
package link

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

const (
	// PrefixSize is the size of the length before each frame.
	PrefixSize = 4
	// absurdFrame is more than any QEMU sends: after such a length nothing on the connection can be trusted.
	absurdFrame = 128 << 10
	// readBuffer gathers small frames in one read; the rest of a large one is read to where it stays.
	readBuffer = 16 << 10
	// socketBuffer is asked for; the system may give less.
	socketBuffer = 2 << 20
)

// Receiver is called with each frame that came, in order, on one goroutine. It owns the view.
type Receiver func(frame *buffer.View)

// Link is one connection with a QEMU. Close ends it; so does the other side.
type Link struct {
	socket   string
	conn     *net.UnixConn
	maxFrame int
	receive  Receiver
	queue    queue
	dropped  atomic.Uint64
	done     sync.WaitGroup
	ended    chan struct{}
}

// Dial connects with the QEMU that listens on socket. Frames of more than mtu and an Ethernet header are dropped.
func Dial(ctx context.Context, socket string, mtu uint32, receive Receiver) (*Link, error) {
	conn, err := Connect(ctx, socket)
	if err != nil {
		return nil, err
	}
	return New(conn, socket, mtu, receive), nil
}

// A QEMU that takes commands already may not listen yet: it makes its sockets in a thread of their own (QEMU 7.2,
// net/stream.c). On a busy machine that takes a while.
const (
	listenLimit = 5 * time.Second
	listenPause = 5 * time.Millisecond
)

// Connect connects with a QEMU's socket, and waits for it when it is not there yet.
func Connect(ctx context.Context, socket string) (*net.UnixConn, error) {
	limit, cancel := context.WithTimeout(ctx, listenLimit)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "unix", socket)
		if err == nil {
			return conn.(*net.UnixConn), nil
		}
		if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED) {
			return nil, err
		}
		select {
		case <-limit.Done():
			return nil, err
		case <-time.After(listenPause):
		}
	}
}

// New makes a link of a connection, which it owns from now on. Nothing is received before Start.
func New(conn *net.UnixConn, socket string, mtu uint32, receive Receiver) *Link {
	// Failing to get larger buffers costs speed only.
	_ = conn.SetWriteBuffer(socketBuffer)
	_ = conn.SetReadBuffer(socketBuffer)
	l := &Link{
		socket: socket, conn: conn, receive: receive, ended: make(chan struct{}),
		maxFrame: int(mtu) + header.EthernetMinimumSize,
	}
	l.queue.init()
	return l
}

// Start begins to carry frames; closed is called once, when the connection has ended for whatever reason.
func (l *Link) Start(closed func(error)) {
	l.done.Add(2)
	go func() {
		defer l.done.Done()
		l.sendLoop()
	}()
	go func() {
		defer l.done.Done()
		err := l.receiveLoop()
		l.shut()
		close(l.ended)
		closed(err)
	}()
}

// Socket is the path that the link was made with.
func (l *Link) Socket() string { return l.socket }

// Dropped counts the frames that were not delivered, in either direction, because the queue was full or they were too
// long or too short.
func (l *Link) Dropped() uint64 { return l.dropped.Load() }

// Ended is closed when nothing is received any more.
func (l *Link) Ended() <-chan struct{} { return l.ended }

// Close ends the connection and waits for its goroutines. It must not be called by the Receiver.
func (l *Link) Close() {
	l.shut()
	l.done.Wait()
}

func (l *Link) shut() {
	l.queue.close()
	// The reader and the writer report what matters.
	_ = l.conn.Close()
}

// Send queues a frame that begins with its length, and never waits. The link takes a reference of its own.
func (l *Link) Send(frame *stack.PacketBuffer) {
	if !l.queue.push(frame) {
		l.dropped.Add(1)
	}
}

func (l *Link) receiveLoop() error {
	reader := bufio.NewReaderSize(l.conn, readBuffer)
	var prefix [PrefixSize]byte
	for {
		if _, err := io.ReadFull(reader, prefix[:]); err != nil {
			return err
		}
		size := int(binary.BigEndian.Uint32(prefix[:]))
		if size > absurdFrame || size < 0 {
			return fmt.Errorf("a frame of %d bytes was announced", uint32(size))
		}
		if size < header.EthernetMinimumSize || size > l.maxFrame {
			l.dropped.Add(1)
			if _, err := reader.Discard(size); err != nil {
				return err
			}
			continue
		}
		frame := buffer.NewViewSize(size)
		if _, err := io.ReadFull(reader, frame.AsSlice()); err != nil {
			frame.Release()
			return err
		}
		l.receive(frame)
	}
}

func (l *Link) sendLoop() {
	var batch []*stack.PacketBuffer
	var vector [][]byte
	for {
		batch = l.queue.pop(batch[:0])
		if len(batch) == 0 {
			return
		}
		vector = vector[:0]
		for _, frame := range batch {
			vector = appendViews(vector, frame)
		}
		pending := net.Buffers(vector)
		_, err := pending.WriteTo(l.conn)
		l.queue.release(batch)
		if err != nil {
			l.shut()
			return
		}
	}
}

// appendViews adds what a packet consists of, without copying it.
func appendViews(vector [][]byte, packet *stack.PacketBuffer) [][]byte {
	views, skip := packet.AsViewList()
	for view := views.Front(); view != nil; view = view.Next() {
		part := view.AsSlice()
		if skip >= len(part) {
			skip -= len(part)
			continue
		}
		vector = append(vector, part[skip:])
		skip = 0
	}
	return vector
}
