package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// rootSerial is the serial number of the root disk, where there are several.
const rootSerial = "root"

// rootDisk finds the root disk: the only one, or the one whose serial number says so. Which name a disk gets depends on
// the order in which the VMM presents them.
func rootDisk() (string, error) {
	names, err := diskNames()
	if err != nil || len(names) < 2 {
		return RootDevice, err
	}
	for _, name := range names {
		if serial, err := attribute(name, "serial"); err == nil && serial == rootSerial {
			return "/dev/" + name, nil
		}
	}
	return "", &MountError{"/", fmt.Errorf("none of the disks %q is the root disk", names)}
}

// disk is a block device of the VM.
type disk struct {
	number   uint64
	readOnly bool
}

// findDisks gives each volume's disk by its serial number. Not on the container's thread, where /sys is the container's.
func findDisks(volumes []Volume) (map[string]disk, error) {
	if len(volumes) == 0 {
		return nil, nil
	}
	names, err := diskNames()
	if err != nil {
		return nil, err
	}
	disks := map[string]disk{}
	for _, name := range names {
		serial, err := attribute(name, "serial")
		if err != nil {
			return nil, err
		}
		number, err := attribute(name, "dev")
		if err != nil {
			return nil, err
		}
		var major, minor uint32
		if _, err := fmt.Sscanf(number, "%d:%d", &major, &minor); err != nil {
			return nil, fmt.Errorf("number of disk %s: %w", name, err)
		}
		readOnly, err := attribute(name, "ro")
		if err != nil {
			return nil, err
		}
		disks[serial] = disk{unix.Mkdev(major, minor), readOnly != "0"}
	}
	for _, volume := range volumes {
		if _, ok := disks[volume.Serial]; !ok {
			return nil, &MountError{volume.Target, fmt.Errorf("there is no disk %q", volume.Serial)}
		}
	}
	return disks, nil
}

func diskNames() ([]string, error) {
	paths, err := filepath.Glob("/sys/block/vd*")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = filepath.Base(path)
	}
	return names, nil
}

func attribute(disk, name string) (string, error) {
	text, err := os.ReadFile("/sys/block/" + disk + "/" + name)
	return strings.TrimSpace(string(text)), err
}
