// Ethernet frames as they are, below everything that a kernel would do to them:
//
//	rawFrames send INTERFACE         sends the frames that stand in standard input, a line of hexadecimal digits each
//	rawFrames listen INTERFACE TEXT  says “listening”, and then prints every frame that comes and has the text in it
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"syscall"
)

const everyProtocol = 0x0300 // ETH_P_ALL in network byte order

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	device, err := net.InterfaceByName(os.Args[2])
	if err != nil {
		return err
	}
	socket, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW, everyProtocol)
	if err != nil {
		return err
	}
	address := &syscall.SockaddrLinklayer{Protocol: everyProtocol, Ifindex: device.Index}
	if err := syscall.Bind(socket, address); err != nil {
		return err
	}
	if os.Args[1] == "listen" {
		return listen(socket, []byte(os.Args[3]))
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		frame, err := hex.DecodeString(lines.Text())
		if err != nil {
			return err
		}
		// The kernel refuses what is longer than the interface's MTU, and that is one of the attempts.
		if err := syscall.Sendto(socket, frame, 0, address); err != nil {
			fmt.Println(len(frame), err)
		}
	}
	return lines.Err()
}

func listen(socket int, text []byte) error {
	fmt.Println("listening")
	buffer := make([]byte, 1<<17)
	for {
		count, from, err := syscall.Recvfrom(socket, buffer, 0)
		if err != nil {
			return err
		}
		if sender, is := from.(*syscall.SockaddrLinklayer); is && sender.Pkttype != syscall.PACKET_OUTGOING && bytes.Contains(buffer[:count], text) {
			fmt.Println(hex.EncodeToString(buffer[:count]))
		}
	}
}
