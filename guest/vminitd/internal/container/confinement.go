package container

import (
	"math/bits"
	"unsafe"

	"berth.dev/vminitd/internal/accounts"
	"berth.dev/vminitd/internal/seccomp"
	"berth.dev/vminitd/internal/spawn"
	"golang.org/x/sys/unix"
)

// Confinement is what a process can get at most. Root has all of it; other users have none of the capabilities, but
// programs with file capabilities or of root (set-user-ID) can give them to them.
type Confinement struct {
	// 1<<CAP_… each.
	Capabilities uint64
	// Programs with file capabilities and set-user-ID ones give nothing.
	NoNewPrivileges bool
	// No filter of system calls.
	Unfiltered bool
}

// Limit is a resource limit, see setrlimit(2).
type Limit struct {
	Resource   uint32
	Soft, Hard uint64
}

// allCapabilities are those that this kernel knows.
const allCapabilities = 1<<(unix.CAP_LAST_CAP+1) - 1

// become makes the new process its user, and no more than that. Order matters: raising limits, installing a filter and
// dropping capabilities need capabilities, which end with the user id. Whatever comes after the filter must pass it.
func become(s *spawn.Script, identity accounts.Identity, confinement *Confinement, limits []Limit) {
	for _, limit := range limits {
		value := &unix.Rlimit{Cur: limit.Soft, Max: limit.Hard}
		s.Call("resource limit", unix.SYS_PRLIMIT64, 0, uintptr(limit.Resource), spawn.Pointer(s, value), 0)
	}
	if confinement == nil {
		confinement = &Confinement{Capabilities: allCapabilities, Unfiltered: true}
	}
	if !confinement.NoNewPrivileges {
		filterCalls(s, confinement)
	}
	// What root executes gets the whole bounding set; so there is nothing else to set for it.
	for dropped := allCapabilities &^ confinement.Capabilities; dropped != 0; dropped &= dropped - 1 {
		s.Call("capabilities", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uintptr(bits.TrailingZeros64(dropped)))
	}
	s.Call("groups", unix.SYS_SETGROUPS, uintptr(len(identity.Groups)), spawn.Pointer(s, unsafe.SliceData(identity.Groups)))
	s.Call("group", unix.SYS_SETRESGID, uintptr(identity.GID), uintptr(identity.GID), uintptr(identity.GID))
	s.Call("user", unix.SYS_SETRESUID, uintptr(identity.UID), uintptr(identity.UID), uintptr(identity.UID))
	if confinement.NoNewPrivileges {
		s.Call("no new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		filterCalls(s, confinement)
	}
}

func filterCalls(s *spawn.Script, confinement *Confinement) {
	if confinement.Unfiltered {
		return
	}
	program := seccomp.Program(confinement.Capabilities)
	list := &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	s.Call("system call filter", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, spawn.Pointer(s, list))
}
