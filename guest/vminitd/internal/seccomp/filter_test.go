package seccomp

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	allowed = unix.SECCOMP_RET_ALLOW
	refused = unix.SECCOMP_RET_ERRNO | int(unix.EPERM)
	missing = unix.SECCOMP_RET_ERRNO | int(unix.ENOSYS)

	dockerDefault = 0xa80425fb
	everything    = 1<<41 - 1
)

// machine runs the program as the kernel does. The interpreter reads big-endian words, so that is how it gets them.
type machine struct {
	t  *testing.T
	vm *bpf.VM
}

func newMachine(t *testing.T, capabilities uint64) machine {
	t.Helper()
	var raw []bpf.RawInstruction
	for _, i := range Program(capabilities) {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	instructions, complete := bpf.Disassemble(raw)
	if !complete {
		t.Fatal("not all of the program is known")
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	return machine{t, vm}
}

func (m machine) run(audit, number, argument uint32) int {
	m.t.Helper()
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[numberOffset:], number)
	binary.BigEndian.PutUint32(data[architectureOffset:], audit)
	binary.BigEndian.PutUint32(data[firstArgument:], argument)
	result, err := m.vm.Run(data)
	if err != nil {
		m.t.Fatal(err)
	}
	return int(uint32(result))
}

func TestNativeCalls(t *testing.T) {
	ordinary, admin, all := newMachine(t, dockerDefault), newMachine(t, dockerDefault|1<<unix.CAP_SYS_ADMIN), newMachine(t, everything)
	for _, test := range []struct {
		name                   string
		number, argument       uint32
		ordinary, admin, every int
	}{
		{"read", unix.SYS_READ, 0, allowed, allowed, allowed},
		{"execve", unix.SYS_EXECVE, 0, allowed, allowed, allowed},
		{"ptrace", unix.SYS_PTRACE, 0, allowed, allowed, allowed},
		{"landlock", unix.SYS_LANDLOCK_CREATE_RULESET, 0, allowed, allowed, allowed},
		{"chroot", unix.SYS_CHROOT, 0, allowed, allowed, allowed},
		{"mount", unix.SYS_MOUNT, 0, refused, allowed, allowed},
		{"fsopen", unix.SYS_FSOPEN, 0, refused, allowed, allowed},
		{"unshare", unix.SYS_UNSHARE, unix.CLONE_NEWUSER, refused, allowed, allowed},
		{"setns", unix.SYS_SETNS, 0, refused, allowed, allowed},
		{"bpf", unix.SYS_BPF, 0, refused, allowed, allowed},
		{"perf", unix.SYS_PERF_EVENT_OPEN, 0, refused, allowed, allowed},
		{"reboot", unix.SYS_REBOOT, 0, refused, refused, allowed},
		{"modules", unix.SYS_INIT_MODULE, 0, refused, refused, allowed},
		{"clock", unix.SYS_CLOCK_SETTIME, 0, refused, refused, allowed},
		{"keyctl", unix.SYS_KEYCTL, 0, refused, refused, refused},
		{"io_uring", unix.SYS_IO_URING_SETUP, 0, refused, refused, refused},
		{"pivot_root", unix.SYS_PIVOT_ROOT, 0, refused, refused, refused},
		{"thread", unix.SYS_CLONE, unix.CLONE_VM | unix.CLONE_THREAD, allowed, allowed, allowed},
		{"user namespace", unix.SYS_CLONE, unix.CLONE_NEWUSER, refused, allowed, allowed},
		{"clone3", unix.SYS_CLONE3, 0, missing, allowed, allowed},
		{"Linux", unix.SYS_PERSONALITY, 0, allowed, allowed, allowed},
		{"another Unix", unix.SYS_PERSONALITY, 1, refused, refused, refused},
		{"which personality", unix.SYS_PERSONALITY, 0xffffffff, allowed, allowed, allowed},
		{"without randomization", unix.SYS_PERSONALITY, 0x40000, refused, refused, refused},
		{"internet", unix.SYS_SOCKET, unix.AF_INET, allowed, allowed, allowed},
		{"vsock", unix.SYS_SOCKET, unix.AF_VSOCK, refused, refused, refused},
		{"cryptography", unix.SYS_SOCKET, unix.AF_ALG, refused, refused, refused},
		{"between them", unix.SYS_SOCKET, unix.AF_NFC, allowed, allowed, allowed},
		{"future", 5000, 0, missing, missing, missing},
		{"x32", 0x40000000, 0, missing, missing, missing},
		{"negative", 0xffffffff, 0, missing, missing, missing},
	} {
		audit := tables[0].audit
		got := [3]int{ordinary.run(audit, test.number, test.argument), admin.run(audit, test.number, test.argument), all.run(audit, test.number, test.argument)}
		if want := [3]int{test.ordinary, test.admin, test.every}; got != want {
			t.Errorf("%s: %#x, want %#x", test.name, got, want)
		}
	}
}

func TestCompatibleCalls(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("numbers of i386")
	}
	m := newMachine(t, dockerDefault)
	for _, test := range []struct {
		name             string
		number, argument uint32
		want             int
	}{
		{"read", 3, 0, allowed}, {"socketcall", 102, 0, allowed}, {"ipc", 117, 0, allowed}, {"set_thread_area", 243, 0, allowed},
		{"mount", 21, 0, refused}, {"reboot", 88, 0, refused}, {"init_module", 128, 0, refused}, {"keyctl", 288, 0, refused},
		{"bpf", 357, 0, refused}, {"clone", 120, unix.CLONE_NEWNS, refused}, {"clone", 120, unix.CLONE_VM, allowed},
		{"clone3", 435, 0, missing}, {"future", 5000, 0, missing},
	} {
		if got := m.run(unix.AUDIT_ARCH_I386, test.number, test.argument); got != test.want {
			t.Errorf("%s: %#x, want %#x", test.name, got, test.want)
		}
	}
}

func TestOtherArchitecturesAreKilled(t *testing.T) {
	if got := newMachine(t, everything).run(unix.AUDIT_ARCH_S390X, unix.SYS_READ, 0); uint32(got) != unix.SECCOMP_RET_KILL_PROCESS {
		t.Errorf("%#x", got)
	}
}

// TestTreeFindsEverySpan compares the tree with a search from the beginning.
func TestTreeFindsEverySpan(t *testing.T) {
	for _, capabilities := range []uint64{0, dockerDefault, everything} {
		m := newMachine(t, capabilities)
		for _, table := range tables {
			for number := range uint32(600) {
				var found span
				for _, s := range table.spans {
					if s.first <= number {
						found = s
					}
				}
				want := map[kind]int{allow: allowed, unknown: missing, refuse: refused}[resolveKind(found, capabilities)]
				if got := m.run(table.audit, number, 0); want != 0 && got != want {
					t.Errorf("%#x, call %d with capabilities %#x: %#x, want %#x", table.audit, number, capabilities, got, want)
				}
			}
		}
	}
}

func TestProgramFitsTheKernel(t *testing.T) {
	const most = 4096
	for _, capabilities := range []uint64{0, dockerDefault, everything} {
		if n := len(Program(capabilities)); n > most {
			t.Errorf("%d instructions", n)
		} else {
			t.Logf("%d instructions", n)
		}
	}
}

func TestTablesAreGenerated(t *testing.T) {
	directory := t.TempDir()
	if output, err := exec.Command("go", "run", "./generate", directory).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, name := range []string{"tables_amd64.go", "tables_arm64.go"} {
		fresh, err := os.ReadFile(filepath.Join(directory, name))
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(fresh, committed) {
			t.Errorf("%s is out of date: go generate ./internal/seccomp", name)
		}
	}
}
