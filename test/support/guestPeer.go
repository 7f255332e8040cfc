// A peer for connections into and out of containers, in Go so that BusyBox images can run it.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

type halfCloser interface {
	net.Conn
	CloseWrite() error
}

// guestPeer MODE NETWORK ADDRESS: a server, but for `call`, which connects standard input and output.
// `datagrams` only listens, `mirror` sends datagrams back.
func main() {
	mode, network, address := os.Args[1], os.Args[2], os.Args[3]
	if mode == "call" {
		call(network, address)
		return
	}
	if mode == "datagrams" {
		_, err := net.ListenPacket(network, address)
		fail(err)
		fmt.Println("listening")
		time.Sleep(time.Hour)
	}
	if mode == "mirror" {
		mirror(network, address)
	}
	listener, err := net.Listen(network, address)
	fail(err)
	fmt.Println("listening")
	for {
		accepted, err := listener.Accept()
		fail(err)
		go serve(mode, accepted.(halfCloser))
	}
}

func mirror(network, address string) {
	socket, err := net.ListenPacket(network, address)
	fail(err)
	fmt.Println("listening")
	buffer := make([]byte, 65536)
	for {
		size, from, err := socket.ReadFrom(buffer)
		fail(err)
		_, err = socket.WriteTo(buffer[:size], from)
		fail(err)
	}
}

func serve(mode string, c halfCloser) {
	defer c.Close()
	switch mode {
	case "echo":
		io.Copy(c, c)
		c.CloseWrite()
	case "digest": // Its own half ends first.
		c.Write([]byte("hello"))
		c.CloseWrite()
		hash := sha256.New()
		size, err := io.Copy(hash, c)
		fmt.Printf("%d %x %v\n", size, hash.Sum(nil), err)
	case "pour":
		size, err := io.Copy(c, zeros{})
		fmt.Println(size > 0, err != nil)
	case "stall":
		time.Sleep(time.Hour)
	case "reset":
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
	}
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) { return len(into), nil }

func call(network, address string) {
	connected, err := net.Dial(network, address)
	fail(err)
	c := connected.(halfCloser)
	go func() {
		io.Copy(c, os.Stdin)
		c.CloseWrite()
	}()
	_, err = io.Copy(os.Stdout, c)
	fail(err)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
