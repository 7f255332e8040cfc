// Package control serves the host over the virtio-serial port: one byte stream that outlives the host's connections.
package control

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// PortName is the name that the VMM gives the port.
const PortName = "berth.control"

// Port is the open control port. It is never closed: closing it would throw away what a new connection of the host may
// have sent already.
type Port struct {
	file *os.File
	raw  syscall.RawConn
}

// OpenPort finds the port through sysfs, waiting until the driver has learnt its name, and opens it.
func OpenPort() (*Port, error) {
	device, err := waitForPort()
	if err != nil {
		return nil, fmt.Errorf("find control port: %w", err)
	}
	file, err := os.OpenFile(device, os.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open control port: %w", err)
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("control port: %w", err)
	}
	return &Port{file: file, raw: raw}, nil
}

// waitForPort gives the device of the port. The kernel tells of every change in its devices on a netlink socket.
func waitForPort() (string, error) {
	if device := findPort(); device != "" {
		return device, nil
	}
	events, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return "", err
	}
	defer unix.Close(events)
	if err := unix.Bind(events, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		return "", err
	}
	event := make([]byte, 4096)
	for {
		// Looked for again before each wait: nothing that came before the socket is missed.
		if device := findPort(); device != "" {
			return device, nil
		}
		if _, err := unix.Read(events, event); err != nil && err != unix.EINTR && err != unix.ENOBUFS {
			return "", err
		}
	}
}

// findPort returns an empty string while there is no such port.
func findPort() string {
	const class = "/sys/class/virtio-ports"
	ports, err := os.ReadDir(class)
	if err != nil {
		return ""
	}
	for _, port := range ports {
		name, err := os.ReadFile(class + "/" + port.Name() + "/name")
		if err == nil && strings.TrimSpace(string(name)) == PortName {
			return "/dev/" + port.Name()
		}
	}
	return ""
}

// waitForHost returns when the host has the port open.
//
// poll(2) cannot wait for this: it reports POLLHUP at once for as long as the host is away. But the driver wakes its
// poll queue on every change, which Go's edge-triggered poller turns into "writable".
func (p *Port) waitForHost() error {
	return p.raw.Write(func(fd uintptr) bool {
		polled := []unix.PollFd{{Fd: int32(fd)}}
		_, err := unix.Poll(polled, 0)
		return err == nil && polled[0].Revents&unix.POLLHUP == 0
	})
}
