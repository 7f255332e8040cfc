package container

import (
	"errors"
	"fmt"
	"os"

	"berth.dev/vminitd/internal/system"
	"golang.org/x/sys/unix"
)

// setHostname names the container and, where the image lets us, writes the files that name it.
func setHostname(name string) error {
	if name == "" {
		return nil
	}
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("host name %q: %w", name, err)
	}
	hosts := "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t" + name + "\n"
	writeIfPossible("/etc/hostname", name+"\n")
	writeIfPossible("/etc/hosts", hosts)
	writeIfPossible("/etc/resolv.conf", "# No name servers: the container has no network.\n")
	return nil
}

// writeIfPossible leaves an image alone that has no /etc or something odd in its place: nothing depends on the file.
func writeIfPossible(path, content string) {
	// O_NONBLOCK: the image may have a FIFO there.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o644)
	if err == nil {
		_, err = file.WriteString(content)
		err = errors.Join(err, file.Close())
	}
	if err != nil && !errors.Is(err, unix.ENOENT) {
		system.Log("%s: %v", path, err)
	}
}
