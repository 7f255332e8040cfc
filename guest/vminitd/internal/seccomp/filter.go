// Package seccomp makes the system call filter of containers: profile.txt as a program for seccomp(2).
package seccomp

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

//go:generate go run ./generate .

type kind uint8

const (
	allow kind = iota
	refuse
	unknown
	needs // one of the capabilities, otherwise refuse
	checkClone
	checkClone3
	checkPersonality
	checkSocket
)

// span is a verdict on all system calls from a number up to the next span.
type span struct {
	first        uint32
	kind         kind
	capabilities uint64
}

type table struct {
	audit uint32 // architecture, as the kernel names it
	spans []span
}

// Where struct seccomp_data has what the filter looks at. Of an argument only the lower half counts: all that are looked
// at are ints. vminitd's machines are little-endian.
const (
	numberOffset       = 0
	architectureOffset = 4
	firstArgument      = 16
	largestJump        = 255
)

var (
	mutex sync.Mutex
	made  = map[uint64][]unix.SockFilter{}
)

// Program is the filter for a process with these capabilities (1<<CAP_… each). It is made once and not to be changed.
func Program(capabilities uint64) []unix.SockFilter {
	mutex.Lock()
	defer mutex.Unlock()
	program, there := made[capabilities]
	if !there {
		program = compile(capabilities)
		made[capabilities] = program
	}
	return program
}

// compile makes a tree of comparisons and not a list: the kernel runs the program once for each number that there is
// when it is installed, to know the calls that are always allowed.
func compile(capabilities uint64) []unix.SockFilter {
	program := []unix.SockFilter{load(architectureOffset)}
	for i := range tables {
		tree := append([]unix.SockFilter{load(numberOffset)}, decide(resolve(tables[i].spans, capabilities))...)
		program = append(program, unless(equal, tables[i].audit, tree)...)
	}
	// A program of an architecture that this machine cannot run.
	return append(program, result(unix.SECCOMP_RET_KILL_PROCESS))
}

// resolve says what the capabilities decide, and joins spans that have become the same.
func resolve(spans []span, capabilities uint64) []span {
	resolved := make([]span, 0, len(spans))
	for _, s := range spans {
		s.kind = resolveKind(s, capabilities)
		s.capabilities = 0
		if n := len(resolved); n == 0 || resolved[n-1].kind != s.kind {
			resolved = append(resolved, s)
		}
	}
	return resolved
}

func resolveKind(s span, capabilities uint64) kind {
	const admin = 1 << unix.CAP_SYS_ADMIN
	switch {
	case s.kind == needs && capabilities&s.capabilities != 0:
		return allow
	case s.kind == needs:
		return refuse
	case (s.kind == checkClone || s.kind == checkClone3) && capabilities&admin != 0:
		return allow
	case s.kind == checkClone3:
		// Its flags are in memory, where a filter cannot look. C libraries then use clone.
		return unknown
	}
	return s.kind
}

// decide finds the span of the number in A. Spans are sorted; the first one begins at 0.
func decide(spans []span) []unix.SockFilter {
	if len(spans) == 1 {
		return verdict(spans[0].kind)
	}
	middle := len(spans) / 2
	lower := decide(spans[:middle])
	return append(unlessAtLeast(spans[middle].first, lower), decide(spans[middle:])...)
}

const (
	equal   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	atLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
)

// unlessAtLeast runs a block, which does not fall through, when A is smaller.
func unlessAtLeast(value uint32, block []unix.SockFilter) []unix.SockFilter {
	if len(block) <= largestJump {
		return append([]unix.SockFilter{{Code: atLeast, K: value, Jt: uint8(len(block))}}, block...)
	}
	return append([]unix.SockFilter{{Code: atLeast, K: value, Jf: 1}, jump(len(block))}, block...)
}

// unless runs a block, which does not fall through, when a comparison holds, and goes on behind it otherwise.
func unless(comparison uint16, value uint32, block []unix.SockFilter) []unix.SockFilter {
	return append([]unix.SockFilter{{Code: comparison, K: value, Jt: 1}, jump(len(block))}, block...)
}

func verdict(k kind) []unix.SockFilter {
	switch k {
	case allow:
		return []unix.SockFilter{result(unix.SECCOMP_RET_ALLOW)}
	case unknown:
		return []unix.SockFilter{refusal(unix.ENOSYS)}
	case checkClone:
		return clone()
	case checkPersonality:
		return personality()
	case checkSocket:
		return socket()
	default:
		return []unix.SockFilter{refusal(unix.EPERM)}
	}
}

// newNamespaces are the flags of clone(2) that make namespaces.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

func clone() []unix.SockFilter {
	return []unix.SockFilter{
		load(firstArgument),
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: newNamespaces, Jf: 1},
		refusal(unix.EPERM),
		result(unix.SECCOMP_RET_ALLOW),
	}
}

// personality allows Linux's own ones: with 32-bit numbers of uname(2), with a version of 2.6, and to ask which it is.
func personality() []unix.SockFilter {
	const linux32, linux26, ask = 0x8, 0x20000, 0xffffffff
	accepted := []uint32{0, linux32, linux26, linux26 | linux32, ask}
	block := []unix.SockFilter{load(firstArgument)}
	for i, value := range accepted {
		block = append(block, unix.SockFilter{Code: equal, K: value, Jt: uint8(len(accepted) - i)})
	}
	return append(block, refusal(unix.EPERM), result(unix.SECCOMP_RET_ALLOW))
}

// socket refuses what leads to the host past the network, and the kernel's cryptography, which had holes and which
// containers do without.
func socket() []unix.SockFilter {
	return []unix.SockFilter{
		load(firstArgument),
		{Code: equal, K: unix.AF_VSOCK, Jt: 1},
		{Code: equal, K: unix.AF_ALG, Jf: 1},
		refusal(unix.EPERM),
		result(unix.SECCOMP_RET_ALLOW),
	}
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(distance int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(distance)}
}

func refusal(errno syscall.Errno) unix.SockFilter {
	return result(unix.SECCOMP_RET_ERRNO | uint32(errno))
}

func result(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}
