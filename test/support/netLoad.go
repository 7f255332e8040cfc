// Both ends of the traffic that the network bench and the network tests need, in a guest and on the host:
//
//	netLoad serve ADDRESS:PORT           TCP and UDP; prints the address once it listens
//	netLoad put ADDRESS:PORT BYTES       sends; says “connected” on standard error, and prints the seconds until the other end had everything
//	netLoad get ADDRESS:PORT BYTES       receives; prints the seconds
//	netLoad echo ADDRESS:PORT BYTES      both at once, likewise; fails when what comes back differs
//	netLoad datagrams ADDRESS:PORT SIZE COUNT   one after another, each echoed; fails when one is lost or differs
//	netLoad ask ADDRESS:PORT SECONDS CONNECTIONS ANSWER   prints the requests per second
//
// On TCP the client's first line says what it wants: "sink", "source BYTES", "echo", "answer BYTES". UDP echoes.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	bufferBytes  = 256 << 10
	requestBytes = 128
	// Beyond it whatever is waited for does not come.
	patience = 60 * time.Second
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(task, address string, numbers []string) error {
	values := make([]int64, len(numbers))
	for index, number := range numbers {
		var err error
		if values[index], err = strconv.ParseInt(number, 10, 64); err != nil {
			return err
		}
	}
	switch task {
	case "serve":
		return serve(address)
	case "put":
		return timed(func() error { return put(address, values[0]) })
	case "get":
		return timed(func() error { return get(address, values[0]) })
	case "echo":
		return timed(func() error { return echoTCP(address, values[0]) })
	case "datagrams":
		return timed(func() error { return echoUDP(address, int(values[0]), int(values[1])) })
	case "ask":
		return ask(address, time.Duration(values[0])*time.Second, int(values[1]), values[2])
	}
	return fmt.Errorf("what is %s", task)
}

func timed(work func() error) error {
	started := time.Now()
	if err := work(); err != nil {
		return err
	}
	fmt.Println(time.Since(started).Seconds())
	return nil
}

func open(address, request string) (*net.TCPConn, error) {
	connection, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(connection, request+"\n")
	return connection.(*net.TCPConn), err
}

func put(address string, count int64) error {
	connection, err := open(address, "sink")
	if err != nil {
		return err
	}
	defer connection.Close()
	fmt.Fprintln(os.Stderr, "connected")
	if err := errors.Join(send(connection, count), connection.CloseWrite()); err != nil {
		return err
	}
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err == nil && strings.TrimSpace(line) != strconv.FormatInt(count, 10) {
		err = fmt.Errorf("%s bytes of %d arrived", strings.TrimSpace(line), count)
	}
	return err
}

func get(address string, count int64) error {
	connection, err := open(address, fmt.Sprint("source ", count))
	if err != nil {
		return err
	}
	defer connection.Close()
	received, err := drain(connection)
	if err == nil && received != count {
		err = fmt.Errorf("%d bytes of %d came", received, count)
	}
	return err
}

func send(to io.Writer, count int64) error {
	buffer := make([]byte, bufferBytes)
	for count > 0 {
		written, err := to.Write(buffer[:min(count, bufferBytes)])
		if err != nil {
			return err
		}
		count -= int64(written)
	}
	return nil
}

func drain(from io.Reader) (total int64, err error) {
	buffer := make([]byte, bufferBytes)
	for {
		count, err := from.Read(buffer)
		total += int64(count)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// pattern is a reader of bytes that nobody makes by chance, equal for equal seeds (xorshift).
type pattern struct{ state uint64 }

func (p *pattern) Read(into []byte) (int, error) {
	var word [8]byte
	for rest := into; len(rest) > 0; {
		p.state ^= p.state << 13
		p.state ^= p.state >> 7
		p.state ^= p.state << 17
		binary.LittleEndian.PutUint64(word[:], p.state)
		rest = rest[copy(rest, word[:]):]
	}
	return len(into), nil
}

// echoTCP sends in chunks that are a multiple of 8 bytes long, except for the last.
func echoTCP(address string, count int64) error {
	connection, err := open(address, "echo")
	if err != nil {
		return err
	}
	defer connection.Close()
	fmt.Fprintln(os.Stderr, "connected")
	sent := make(chan error, 1)
	go func() {
		_, err := io.CopyBuffer(connection, io.LimitReader(&pattern{state: 1}, count), make([]byte, bufferBytes))
		sent <- errors.Join(err, connection.CloseWrite())
	}()
	expected, received, source := make([]byte, bufferBytes), make([]byte, bufferBytes), &pattern{state: 1}
	for rest := count; rest > 0; {
		chunk := min(rest, bufferBytes)
		if _, err := io.ReadFull(connection, received[:chunk]); err != nil {
			return fmt.Errorf("with %d of %d bytes to come: %w", rest, count, err)
		}
		if source.Read(expected[:chunk]); !bytes.Equal(expected[:chunk], received[:chunk]) {
			return fmt.Errorf("what came back differs within %d bytes before the end", rest)
		}
		rest -= chunk
	}
	if more, err := drain(connection); err != nil || more != 0 {
		return fmt.Errorf("after everything: %d bytes, %w", more, err)
	}
	return <-sent
}

func echoUDP(address string, size, count int) error {
	connection, err := net.Dial("udp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	sent, received, source := make([]byte, size), make([]byte, 1<<16), &pattern{state: 1}
	for index := range count {
		source.Read(sent)
		if _, err := connection.Write(sent); err != nil {
			return err
		}
		if err := connection.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		length, err := connection.Read(received)
		if err != nil {
			return fmt.Errorf("datagram %d of %d: %w", index, count, err)
		}
		if !bytes.Equal(sent, received[:length]) {
			return fmt.Errorf("datagram %d of %d came back with other content, %d bytes", index, count, length)
		}
	}
	return nil
}
