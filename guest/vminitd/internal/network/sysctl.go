package network

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

type setting struct{ name, value string }

// What docker sets: everybody may ping, and listen on any port.
var always = []setting{
	{"ipv4/ping_group_range", "0 2147483647"},
	{"ipv4/ip_unprivileged_port_start", "0"},
}

// Prepare sets what holds without interfaces, too.
func Prepare() error {
	return setAll(always)
}

// quietIPv6 keeps an interface from asking around before it uses an address, and from obeying routers: a neighbour could
// call itself one. Without router advertisements there are neither solicitations nor addresses that the kernel makes
// itself. As with docker there is no IPv6, not even a local address, on a network without it.
func quietIPv6(name string, wanted Interface) error {
	directory := "ipv6/conf/" + name + "/"
	for _, text := range wanted.Addresses {
		if strings.Contains(text, ":") {
			return setAll([]setting{{directory + "accept_ra", "0"}, {directory + "accept_dad", "0"}})
		}
	}
	return setAll([]setting{{directory + "disable_ipv6", "1"}})
}

func setAll(settings []setting) error {
	var problems []error
	for _, s := range settings {
		problems = append(problems, s.set())
	}
	return errors.Join(problems...)
}

func (s setting) set() error {
	path := "/proc/sys/net/" + s.name
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(fd, []byte(s.value))
		err = errors.Join(err, unix.Close(fd))
	}
	if err != nil {
		return &os.PathError{Op: "set", Path: path, Err: err}
	}
	return nil
}
