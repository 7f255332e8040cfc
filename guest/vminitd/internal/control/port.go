// Package control serves the host over the virtio-serial port: one byte stream that outlives the host's connections.
package control

import (
	"fmt"
	"os"
	"path/filepath"
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

// OpenPort finds the port through sysfs and opens it.
func OpenPort() (*Port, error) {
	device, err := findPort()
	if err != nil {
		return nil, err
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

func findPort() (string, error) {
	names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err == nil && strings.TrimSpace(string(content)) == PortName {
			return "/dev/" + filepath.Base(filepath.Dir(name)), nil
		}
	}
	return "", fmt.Errorf("no virtio-serial port is named %s", PortName)
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
