package cgroup

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// anyMinor stands for all minor numbers.
const anyMinor = ^uint32(0)

// usualDevices are the character devices that docker's containers may open, whatever their nodes are called.
var usualDevices = []struct{ major, minor uint32 }{
	{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, // null, zero, full, random, urandom
	{5, 0}, {5, 1}, {5, 2}, // tty, console, ptmx
	{136, anyMinor}, // pseudo-terminals
	{10, 200},       // net/tun
}

// LimitDevices keeps the group's processes from opening any devices but the usual ones, for good: the machine has its
// disks and the port that vminitd is reached by. Nodes can be made of all, as with docker; archives may hold them.
func (g Group) LimitDevices() error {
	directory, err := unix.Open(string(g), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("devices of the container: %w", err)
	}
	program, err := loadProgram(deviceProgram())
	if err == nil {
		// Others may add programs of their own, which can only forbid more.
		err = attach(directory, program)
		err = errors.Join(err, unix.Close(program))
	}
	if err := errors.Join(err, unix.Close(directory)); err != nil {
		return fmt.Errorf("devices of the container, for which the kernel needs CONFIG_CGROUP_BPF: %w", err)
	}
	return nil
}

// instruction is struct bpf_insn: registers has the destination in its lower half.
type instruction struct {
	code, registers uint8
	offset          int16
	immediate       int32
}

// Registers: what the kernel passes is in context, what the program answers in answer.
const (
	answer  = 0
	context = 1
	access  = 2
	major   = 3
	minor   = 4
	kind    = 5
)

const (
	loadWord     = unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W
	setRegister  = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_X
	setValue     = unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_K
	mask         = unix.BPF_ALU64 | unix.BPF_AND | unix.BPF_K
	shiftRight   = unix.BPF_ALU64 | unix.BPF_RSH | unix.BPF_K
	jumpIfEqual  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpIfOther  = unix.BPF_JMP | unix.BPF_JNE | unix.BPF_K
	exit         = unix.BPF_JMP | unix.BPF_EXIT
	accessesHalf = 16
)

// deviceProgram answers 1 for what is allowed. It is asked with struct bpf_cgroup_dev_ctx: access and kind in one word,
// major and minor number.
func deviceProgram() []instruction {
	program := []instruction{
		{code: setValue, registers: answer, immediate: 1},
		{code: loadWord, registers: access | context<<4, offset: 0},
		{code: loadWord, registers: major | context<<4, offset: 4},
		{code: loadWord, registers: minor | context<<4, offset: 8},
		{code: setRegister, registers: kind | access<<4},
		{code: mask, registers: kind, immediate: 1<<accessesHalf - 1},
		{code: shiftRight, registers: access, immediate: accessesHalf},
	}
	allowIf := func(conditions ...instruction) {
		for i, condition := range conditions {
			condition.offset = int16(len(conditions) - i) // past the exit
			program = append(program, condition)
		}
		program = append(program, instruction{code: exit})
	}
	allowIf(instruction{code: jumpIfOther, registers: access, immediate: unix.BPF_DEVCG_ACC_MKNOD})
	// What is left is for character devices.
	program = append(program, instruction{code: jumpIfEqual, registers: kind, immediate: unix.BPF_DEVCG_DEV_CHAR, offset: 2},
		instruction{code: setValue, registers: answer}, instruction{code: exit})
	for _, device := range usualDevices {
		conditions := []instruction{{code: jumpIfOther, registers: major, immediate: int32(device.major)}}
		if device.minor != anyMinor {
			conditions = append(conditions, instruction{code: jumpIfOther, registers: minor, immediate: int32(device.minor)})
		}
		allowIf(conditions...)
	}
	return append(program, instruction{code: setValue, registers: answer}, instruction{code: exit})
}

// loadProgram is BPF_PROG_LOAD of bpf(2).
func loadProgram(program []instruction) (int, error) {
	license := append([]byte("Apache-2.0"), 0)
	attributes := &struct {
		kind, count           uint32
		instructions, license uint64
		rest                  [96]byte
	}{
		kind: unix.BPF_PROG_TYPE_CGROUP_DEVICE, count: uint32(len(program)),
		instructions: uint64(uintptr(unsafe.Pointer(&program[0]))), license: uint64(uintptr(unsafe.Pointer(&license[0]))),
	}
	descriptor, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(attributes), unsafe.Sizeof(*attributes))
	runtime.KeepAlive(program)
	runtime.KeepAlive(license)
	return descriptor, err
}

// attach is BPF_PROG_ATTACH. The cgroup keeps the program.
func attach(directory, program int) error {
	attributes := &struct{ directory, program, kind, flags uint32 }{
		uint32(directory), uint32(program), unix.BPF_CGROUP_DEVICE, unix.BPF_F_ALLOW_MULTI,
	}
	_, err := bpf(unix.BPF_PROG_ATTACH, unsafe.Pointer(attributes), unsafe.Sizeof(*attributes))
	return err
}

func bpf(command uintptr, attributes unsafe.Pointer, size uintptr) (int, error) {
	result, _, errno := unix.Syscall(unix.SYS_BPF, command, uintptr(attributes), size)
	if errno != 0 {
		return -1, fmt.Errorf("bpf: %w", errno)
	}
	return int(result), nil
}
