package cgroup

import (
	"testing"

	"golang.org/x/sys/unix"
)

// ask runs the program as the kernel does.
func ask(t *testing.T, access, kindOfDevice, majorNumber, minorNumber uint32) bool {
	t.Helper()
	fields := map[int16]uint64{0: uint64(access<<16 | kindOfDevice), 4: uint64(majorNumber), 8: uint64(minorNumber)}
	var registers [11]uint64
	program := deviceProgram()
	for next := 0; ; next++ {
		i := program[next]
		destination, source := &registers[i.registers&0xf], registers[i.registers>>4]
		switch i.code {
		case loadWord:
			*destination = fields[i.offset]
		case setRegister:
			*destination = source
		case setValue:
			*destination = uint64(i.immediate)
		case mask:
			*destination &= uint64(i.immediate)
		case shiftRight:
			*destination >>= i.immediate
		case jumpIfEqual, jumpIfOther:
			if (*destination == uint64(i.immediate)) == (i.code == jumpIfEqual) {
				next += int(i.offset)
			}
		case exit:
			return registers[answer] != 0
		default:
			t.Fatalf("instruction %d: %#x", next, i.code)
		}
	}
}

func TestDevices(t *testing.T) {
	const block, character, mknod, read, write = unix.BPF_DEVCG_DEV_BLOCK, unix.BPF_DEVCG_DEV_CHAR, unix.BPF_DEVCG_ACC_MKNOD, unix.BPF_DEVCG_ACC_READ, unix.BPF_DEVCG_ACC_WRITE
	for _, test := range []struct {
		name                 string
		access, kind         uint32
		majorNumber, minorNo uint32
		want                 bool
	}{
		{"make a disk’s node", mknod, block, 254, 0, true},
		{"make a port’s node", mknod, character, 245, 1, true},
		{"read a disk", read, block, 254, 0, false},
		{"write a disk", write, block, 254, 16, false},
		{"a disk with the number of null", read | write, block, 1, 3, false},
		{"make and open a disk", mknod | read, block, 254, 0, false},
		{"port of vminitd", read | write, character, 245, 1, false},
		{"mem", read, character, 1, 1, false},
		{"kmsg", read, character, 1, 11, false},
		{"null", read | write, character, 1, 3, true},
		{"zero", read, character, 1, 5, true},
		{"full", write, character, 1, 7, true},
		{"random", read, character, 1, 8, true},
		{"urandom", read, character, 1, 9, true},
		{"tty", read | write, character, 5, 0, true},
		{"console", read | write, character, 5, 1, true},
		{"ptmx", read | write, character, 5, 2, true},
		{"ttyS0", read | write, character, 4, 64, false},
		{"pts/300", read | write, character, 136, 300, true},
		{"net/tun", read | write, character, 10, 200, true},
		{"fuse", read | write, character, 10, 229, false},
		{"rtc0", read, character, 252, 0, false},
	} {
		if got := ask(t, test.access, test.kind, test.majorNumber, test.minorNo); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
