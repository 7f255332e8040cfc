package system

import (
	"fmt"
	"os"
	"strings"
)

const rootCgroup = "/sys/fs/cgroup"

// EnableAllControllers lets the cgroups below the root have all controllers of cgroup2 that the kernel has; more than once
// does no harm.
func EnableAllControllers() error {
	names, err := os.ReadFile(rootCgroup + "/cgroup.controllers")
	if err != nil {
		return fmt.Errorf("cgroup controllers: %w", err)
	}
	for name := range strings.FieldsSeq(string(names)) {
		if err := os.WriteFile(rootCgroup+"/cgroup.subtree_control", []byte("+"+name), 0); err != nil {
			return fmt.Errorf("cgroup controller %s: %w", name, err)
		}
	}
	return nil
}
