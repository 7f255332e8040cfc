package seccomp

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What docker's default profile (moby/profiles, May 2026) refuses everybody, and what it allows those who have a capability.
// All other calls are allowed. It also refuses, as we do not, older forms of calls that it allows (nice oldfstat oldlstat
// oldolduname oldstat olduname readdir sgetmask sigaction signal sigpending sigsuspend ssetmask); and what it does not know
// yet (file_getattr file_setattr rseq_slice_yield uprobe) does not exist for its containers, as with an older kernel.
const (
	dockerRefuses = `add_key keyctl request_key kexec_file_load kexec_load migrate_pages move_pages pivot_root swapoff swapon
		userfaultfd io_uring_enter io_uring_register io_uring_setup sysfs _sysctl uselib ustat vm86 vm86old nfsservctl
		pciconfig_iobase pciconfig_read pciconfig_write usr26 usr32 afs_syscall bdflush break create_module ftime
		get_kernel_syms getpmsg gtty idle lock mpx prof profil putpmsg query_module security stty tuxcall ulimit vserver
		arch_specific_syscall`
	// Unknown to docker, too, but not harmless.
	oursRefuses = `listns open_tree_attr`
	// Checked by their arguments, see TestNativeCalls.
	byArguments = `clone clone3 personality socket`
)

var dockerGrants = map[uint]string{
	unix.CAP_DAC_READ_SEARCH: "open_by_handle_at",
	unix.CAP_SYS_BOOT:        "reboot",
	unix.CAP_SYS_CHROOT:      "chroot",
	unix.CAP_SYS_MODULE:      "delete_module finit_module init_module",
	unix.CAP_SYS_PACCT:       "acct",
	unix.CAP_SYS_PTRACE:      "kcmp pidfd_getfd process_madvise",
	unix.CAP_SYS_RAWIO:       "ioperm iopl",
	unix.CAP_SYS_TIME:        "clock_settime clock_settime64 settimeofday stime",
	unix.CAP_SYS_TTY_CONFIG:  "vhangup",
	unix.CAP_SYS_NICE:        "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
	unix.CAP_SYSLOG:          "syslog",
	unix.CAP_BPF:             "bpf",
	unix.CAP_PERFMON:         "perf_event_open",
	unix.CAP_SYS_ADMIN: `bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
		lsm_set_self_attr mount mount_setattr move_mount open_tree open_tree_attr perf_event_open quotactl quotactl_fd
		setdomainname sethostname setns syslog umount umount2 unshare`,
}

func set(lists ...string) map[string]bool {
	names := map[string]bool{}
	for _, name := range strings.Fields(strings.Join(lists, " ")) {
		names[name] = true
	}
	return names
}

// numbersOf reads x/sys's numbers of one architecture.
func numbersOf(t *testing.T, architecture string) map[string]uint32 {
	t.Helper()
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(directory)), "unix", "zsysnum_linux_"+architecture+".go"))
	if err != nil {
		t.Fatal(err)
	}
	numbers := map[string]uint32{}
	for _, match := range regexp.MustCompile(`SYS_(\w+)\s*=\s*(\d+)`).FindAllStringSubmatch(string(text), -1) {
		number, err := strconv.ParseUint(match[2], 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		numbers[strings.ToLower(match[1])] = uint32(number)
	}
	delete(numbers, "syscall_mask")
	return numbers
}

// TestAsDocker asks for every system call with no capability, with docker's usual ones, with each one alone and with all.
func TestAsDocker(t *testing.T) {
	sets := map[uint64]bool{0: true, dockerDefault: true, everything: true}
	for capability := range dockerGrants {
		sets[1<<capability] = true
	}
	never, checked := set(dockerRefuses, oursRefuses), set(byArguments)
	for capabilities := range sets {
		granted, withheld := set(), set(slices.Collect(maps.Values(dockerGrants))...)
		for capability, names := range dockerGrants {
			if capabilities&(1<<capability) != 0 {
				maps.Copy(granted, set(names))
			}
		}
		for i, architecture := range map[string][]string{"amd64": {"amd64", "386"}, "arm64": {"arm64", "arm"}}[runtime.GOARCH] {
			m := newMachine(t, capabilities)
			for name, number := range numbersOf(t, architecture) {
				want := allowed
				if !granted[name] && (withheld[name] || never[name]) {
					want = refused
				}
				if got := m.run(tables[i].audit, number, 0); got != want && !checked[name] {
					t.Errorf("%s's %s with %#x: %#x, want %#x", architecture, name, capabilities, got, want)
				}
			}
		}
	}
}
