package system

import (
	"fmt"
	"os"
)

// EnableController lets the cgroups below the root have a controller of cgroup2; more than once does no harm.
func EnableController(name string) error {
	if err := os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+"+name), 0); err != nil {
		return fmt.Errorf("cgroup controller %s: %w", name, err)
	}
	return nil
}
