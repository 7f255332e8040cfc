package names

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// headerSize is that of every message's header (RFC 1035, 4.1.1).
const headerSize = 12

var packets = sync.Pool{New: func() any { buffer := make([]byte, 65535); return &buffer }}

// answered is an answer: read, and as it came from a server, if it did. It may be shared and is not changed.
type answered struct {
	wire    []byte
	message *dns.Msg
}

// exchange asks one server, by UDP and, when the answer is truncated, by TCP; or by TCP first. The query's ID is replaced.
func exchange(ctx context.Context, server netip.AddrPort, query []byte, timeout time.Duration, tcp bool) (answered, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if tcp {
		reply, err := exchangeOver(ctx, "tcp", server, query)
		if err == nil || ctx.Err() != nil {
			return reply, err
		}
	}
	reply, err := exchangeOver(ctx, "udp", server, query)
	if err == nil && reply.message.Truncated && !tcp {
		// Whoever cannot be reached by TCP has at least said something.
		if whole, err := exchangeOver(ctx, "tcp", server, query); err == nil {
			return whole, nil
		}
	}
	return reply, err
}

// exchangeOver asks on a socket of its own with an ID of its own, so that nobody can guess where to send a false answer.
func exchangeOver(ctx context.Context, network string, server netip.AddrPort, query []byte) (answered, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, server.String())
	if err != nil {
		return answered{}, err
	}
	// Nothing is lost when closing fails.
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	query = append([]byte(nil), query...)
	if _, err := rand.Read(query[:2]); err != nil {
		return answered{}, err
	}
	if network == "tcp" {
		return exchangeStream(conn, query)
	}
	return exchangePackets(conn, query)
}

func exchangeStream(conn net.Conn, query []byte) (answered, error) {
	if _, err := conn.Write(frame(query)); err != nil {
		return answered{}, err
	}
	wire, err := readFrame(conn)
	if err != nil {
		return answered{}, err
	}
	if err := matches(query, wire); err != nil {
		return answered{}, err
	}
	return read(wire)
}

func exchangePackets(conn net.Conn, query []byte) (answered, error) {
	if _, err := conn.Write(query); err != nil {
		return answered{}, err
	}
	buffer := packets.Get().(*[]byte)
	defer packets.Put(buffer)
	for {
		n, err := conn.Read(*buffer)
		if err != nil {
			return answered{}, err
		}
		// What does not match may be somebody else's attempt; the answer may still come.
		if wire := (*buffer)[:n]; matches(query, wire) == nil {
			return read(append([]byte(nil), wire...))
		}
	}
}

// matches tells whether a message answers a query: the ID, and the question if there is one. Some servers leave that out
// when they report an error.
func matches(query, reply []byte) error {
	if len(reply) < headerSize || string(reply[:2]) != string(query[:2]) {
		return errors.New("the answer has another ID")
	}
	if reply[2]&0xf8 != 0x80 {
		return errors.New("that is not an answer to a query")
	}
	questions := binary.BigEndian.Uint16(reply[4:])
	if questions == 0 && reply[3]&0xf != dns.RcodeSuccess {
		return nil
	}
	asked, askedEnd, err := dns.UnpackDomainName(query, headerSize)
	if err != nil {
		return err
	}
	name, end, err := dns.UnpackDomainName(reply, headerSize)
	if err != nil {
		return err
	}
	if questions != 1 || !strings.EqualFold(name, asked) || len(reply) < end+4 || string(reply[end:end+4]) != string(query[askedEnd:askedEnd+4]) {
		return errors.New("the answer is to another question")
	}
	return nil
}

func read(wire []byte) (answered, error) {
	message := new(dns.Msg)
	if err := message.Unpack(wire); err != nil {
		// A truncated message may end anywhere.
		if message.Truncated && len(message.Question) == 1 {
			message.Answer, message.Ns, message.Extra = nil, nil, nil
			return answered{nil, message}, nil
		}
		return answered{}, fmt.Errorf("the answer cannot be read: %w", err)
	}
	return answered{wire, message}, nil
}
