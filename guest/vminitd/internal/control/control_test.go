package control

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
)

// fakePort is a port whose host writes to and reads from a pipe; an empty read means that the host has left.
type fakePort struct {
	net.Conn
	present chan struct{}
	// Receives, where somebody wants to know, when a read begins.
	reading chan struct{}
}

func (f *fakePort) Read(into []byte) (int, error) {
	select {
	case f.reading <- struct{}{}:
	default:
	}
	return f.Conn.Read(into)
}

func (f *fakePort) waitForHost() error {
	if _, open := <-f.present; !open {
		return errors.New("no more hosts")
	}
	return nil
}

func newPort() (*fakePort, net.Conn) {
	guest, host := net.Pipe()
	return &fakePort{Conn: guest, present: make(chan struct{}, 10)}, host
}

func request(nonce string) []byte { return append(bytes.Clone(requestMark), nonce...) }
func answer(nonce string) []byte  { return append(bytes.Clone(answerMark), nonce...) }

const nonceA, nonceB = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"

func accept(t *testing.T, l *Listener) <-chan io.ReadWriteCloser {
	accepted := make(chan io.ReadWriteCloser, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	return accepted
}

func expect(t *testing.T, from io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(from, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

func send(t *testing.T, to io.Writer, data []byte) {
	t.Helper()
	if _, err := to.Write(data); err != nil {
		t.Error(err)
	}
}

func TestStaleBytesReachNeitherConnection(t *testing.T) {
	port, host := newPort()
	port.present <- struct{}{}
	listener := listen(port)

	accepted := accept(t, listener)
	send(t, host, append([]byte("left over from before"), request(nonceA)...))
	expect(t, host, answer(nonceA))
	first := <-accepted
	go send(t, host, append([]byte("half a fra"), append(request(nonceB), "fresh"...)...))

	expect(t, first, []byte("half a fra"))
	// A part of the mark may reach the old connection, nothing behind it.
	if rest, err := io.ReadAll(first); err != nil || !bytes.HasPrefix(requestMark, rest) {
		t.Fatalf("the old connection goes on: %q, %v", rest, err)
	}
	accepted = accept(t, listener)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, host, answer(nonceB))
	if _, err := first.Write([]byte("late")); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("the old connection writes: %v", err)
	}
	expect(t, <-accepted, []byte("fresh"))
}

func TestMarkInPieces(t *testing.T) {
	port, host := newPort()
	port.present <- struct{}{}
	accepted := accept(t, listen(port))
	for _, b := range append([]byte{requestMark[0], 'x'}, request(nonceA)...) {
		send(t, host, []byte{b})
	}
	expect(t, host, answer(nonceA))
	<-accepted
}

func TestHostWithoutMarks(t *testing.T) {
	port, host := newPort()
	port.present <- struct{}{}
	accepted := accept(t, listen(port))
	go send(t, host, []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	expect(t, <-accepted, []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	port, host := newPort()
	port.present <- struct{}{}
	accepted := accept(t, listen(port))
	go send(t, host, request(nonceA))
	expect(t, host, answer(nonceA))
	conn := <-accepted
	ended := make(chan error)
	port.reading = make(chan struct{}, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	<-port.reading
	conn.Close()
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("read ended with %v", err)
	}
}

func TestFindMarkAtEverySplit(t *testing.T) {
	stream := append([]byte("before"), append(bytes.Clone(requestMark), "after"...)...)
	for first := range len(stream) {
		for second := first; second < len(stream); second++ {
			var finder markFinder
			rest := []byte(nil)
			found := false
			for _, piece := range [][]byte{stream[:first], stream[first:second], stream[second:]} {
				if found {
					rest = append(rest, piece...)
				} else if at := finder.find(piece); at >= 0 {
					found = true
					rest = append(rest, piece[at:]...)
				}
			}
			if !found || string(rest) != "after" {
				t.Fatalf("split at %d and %d: found %v, then %q", first, second, found, rest)
			}
		}
	}
}
