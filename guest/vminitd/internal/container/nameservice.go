package container

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"berth.dev/vminitd/internal/network"
	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// Resolver is what /etc/resolv.conf says; see resolv.conf(5).
type Resolver struct {
	Servers, Search, Options []string
}

// HostEntry is a line of /etc/hosts.
type HostEntry struct {
	Name, Address string
}

// setNames names the container and writes the files that say by which names it and others are found.
func setNames(world World) error {
	if world.Hostname == "" {
		return nil
	}
	if err := unix.Sethostname([]byte(world.Hostname)); err != nil {
		return fmt.Errorf("host name %q: %w", world.Hostname, err)
	}
	writeIfPossible("/etc/hostname", world.Hostname+"\n")
	writeIfPossible("/etc/hosts", hostsFile(world.Hostname, world.Interfaces, world.Hosts))
	if world.Resolver != nil {
		writeIfPossible("/etc/resolv.conf", world.Resolver.file())
	}
	return nil
}

// hostsFile has docker's form.
func hostsFile(hostname string, interfaces []network.Interface, entries []HostEntry) string {
	var text strings.Builder
	text.WriteString("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
		"fe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n")
	for _, entry := range entries {
		text.WriteString(entry.Address + "\t" + entry.Name + "\n")
	}
	// A host name with a domain also goes by its first part.
	if first, _, isQualified := strings.Cut(hostname, "."); isQualified && first != "" {
		hostname += " " + first
	}
	for _, address := range ownAddresses(interfaces) {
		text.WriteString(address + "\t" + hostname + "\n")
	}
	return text.String()
}

func ownAddresses(interfaces []network.Interface) []string {
	var addresses []string
	for _, i := range interfaces {
		for _, prefix := range i.Addresses {
			address, _, _ := strings.Cut(prefix, "/")
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return []string{"127.0.1.1"}
	}
	return addresses
}

func (r *Resolver) file() string {
	if len(r.Servers) == 0 {
		return "# No name servers: the container has no network.\n"
	}
	var text strings.Builder
	for _, server := range r.Servers {
		text.WriteString("nameserver " + server + "\n")
	}
	if len(r.Search) > 0 {
		text.WriteString("search " + strings.Join(r.Search, " ") + "\n")
	}
	if len(r.Options) > 0 {
		text.WriteString("options " + strings.Join(r.Options, " ") + "\n")
	}
	return text.String()
}

// writeIfPossible makes a file of /etc, which keeps its owner and mode when it is there. A link, which may lead to where
// something will be mounted, and a FIFO or a device give way to it. Nothing runs in the container yet that could change what
// was looked at. A directory stays, and so does what is on a disk that is full: the container starts without the file.
func writeIfPossible(path, content string) {
	var there unix.Stat_t
	err := unix.Lstat(path, &there)
	switch {
	case errors.Is(err, unix.ENOENT):
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	case err == nil && there.Mode&unix.S_IFMT != unix.S_IFREG:
		err = unix.Unlink(path)
	}
	var file *os.File
	if err == nil {
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o644)
	}
	if err == nil {
		_, err = file.WriteString(content)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		system.Log("%s: %v", path, err)
	}
}
