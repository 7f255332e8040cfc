package names

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

const (
	// idleTime is how long a connection may be silent (RFC 7766, 6.2.3).
	idleTime  = 15 * time.Second
	writeTime = 10 * time.Second
)

// ServeListener answers questions that come by TCP until the listener is closed, which it also does when it ends.
func (s *Server) ServeListener(listener net.Listener) error {
	if !s.own(listener) {
		return nil
	}
	defer s.disown(listener)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return s.ending(err)
		}
		a := s.zone.Load().asker(conn.RemoteAddr())
		if a == nil || !a.client.connect() {
			_ = conn.Close()
			continue
		}
		if !s.own(conn) {
			a.client.disconnect()
			return nil
		}
		s.running.Go(func() {
			defer s.disown(conn)
			defer a.client.disconnect()
			s.serveConn(conn, a)
		})
	}
}

func (c *client) connect() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.connections >= maxConnections {
		return false
	}
	c.connections++
	return true
}

func (c *client) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connections--
}

// serveConn answers the questions of one connection as they become ready (RFC 7766, 6.2.1.1).
func (s *Server) serveConn(conn net.Conn, a *asker) {
	var pending sync.WaitGroup
	defer pending.Wait()
	var writing sync.Mutex
	for {
		query, err := readMessage(conn)
		if err != nil {
			// Its end, its silence, or nonsense: nothing more will come.
			return
		}
		select {
		case a.client.questions <- struct{}{}:
		case <-s.context.Done():
			return
		}
		// Who asks may have changed meanwhile, or be gone.
		z := s.zone.Load()
		now := z.asker(conn.RemoteAddr())
		if now == nil || now.client != a.client {
			<-a.client.questions
			return
		}
		pending.Go(func() {
			defer func() { <-a.client.questions }()
			reply := s.answer(s.context, z, now, query, true)
			writing.Lock()
			defer writing.Unlock()
			if reply == nil || writeMessage(conn, reply) != nil {
				_ = conn.Close()
			}
		})
	}
}

func readMessage(conn net.Conn) ([]byte, error) {
	if err := conn.SetReadDeadline(time.Now().Add(idleTime)); err != nil {
		return nil, err
	}
	return readFrame(conn)
}

// readFrame reads a message behind its length (RFC 1035, 4.2.2).
func readFrame(from io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(from, message)
	return message, err
}

func writeMessage(conn net.Conn, message []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := conn.Write(frame(message))
	return err
}

func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)
}
