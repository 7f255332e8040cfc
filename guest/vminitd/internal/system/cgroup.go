package system

import (
	"fmt"
	"os"
	"strings"
)

const rootCgroup = "/sys/fs/cgroup"

// EnableController lets the cgroups below the root have a controller of cgroup2; more than once does no harm.
func EnableController(name string) error {
	if err := os.WriteFile(rootCgroup+"/cgroup.subtree_control", []byte("+"+name), 0); err != nil {
		return fmt.Errorf("cgroup controller %s: %w", name, err)
	}
	return nil
}

// EnableAllControllers does that with all that the kernel has.
func EnableAllControllers() error {
	names, err := os.ReadFile(rootCgroup + "/cgroup.controllers")
	if err != nil {
		return fmt.Errorf("cgroup controllers: %w", err)
	}
	for name := range strings.FieldsSeq(string(names)) {
		if err := EnableController(name); err != nil {
			return err
		}
	}
	return nil
}
