// Package spawn starts processes with more than Go's syscall.SysProcAttr knows: limits, capabilities, system call
// filters, mounts. What the new process does before it runs its program is written down beforehand, as a script of
// system calls; a few lines of assembly make them one after the other.
//
// The process shares vminitd's memory, and vminitd's thread waits, until it has its program (vfork(2)). So nothing is
// copied, and what went wrong comes back in memory. The assembly needs no stack: the child leaves Go's alone.
package spawn

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is one system call; the assembly knows this layout.
type call struct {
	number uintptr
	// How many calls to leave out, from this one on, when it answers ENOENT; 0 when that is a failure like any other.
	skip      uintptr
	arguments [6]uintptr
}

// failure is where the assembly tells which call failed; it knows this layout.
type failure struct {
	call  *call
	errno uintptr
}

// Script is what a new process does. The last call must run a program: Execute adds it.
type Script struct {
	calls    []call
	purposes []string
	kept     []any // what the calls point to
	pid      int32
}

// NewProcess is the purpose in an Error when the process itself could not be made.
const NewProcess = "new process"

// Error says what could not be done in the new process.
type Error struct {
	Purpose string
	Errno   syscall.Errno
}

func (e *Error) Error() string { return e.Purpose + ": " + e.Errno.Error() }
func (e *Error) Unwrap() error { return e.Errno }

// Call adds a system call.
func (s *Script) Call(purpose string, number uintptr, arguments ...uintptr) {
	next := call{number: number}
	copy(next.arguments[:], arguments)
	s.calls = append(s.calls, next)
	s.purposes = append(s.purposes, purpose)
}

// SkipIfMissing makes the last call, when it answers "no such file or directory", leave out itself and what follows:
// count calls altogether.
func (s *Script) SkipIfMissing(count int) {
	s.calls[len(s.calls)-1].skip = uintptr(count)
}

// Text gives the address of a C string that lives as long as the script.
func (s *Script) Text(text string) uintptr {
	return Pointer(s, unsafe.SliceData(append([]byte(text), 0)))
}

// Texts gives the address of a list of C strings, as execve(2) takes it.
func (s *Script) Texts(texts []string) uintptr {
	list := make([]uintptr, len(texts)+1)
	for i, text := range texts {
		list[i] = s.Text(text)
	}
	return Pointer(s, unsafe.SliceData(list))
}

// Pointer gives the address of a value that lives as long as the script. Go's heap does not move.
func Pointer[T any](s *Script, value *T) uintptr {
	s.kept = append(s.kept, value)
	return uintptr(unsafe.Pointer(value))
}

// Execute ends the script: the process runs a program. No signal reaches it before; the mask that it inherits is empty.
func (s *Script) Execute(purpose, file string, arguments, environment []string) {
	s.unblockSignals()
	s.Call(purpose, unix.SYS_EXECVE, s.Text(file), s.Texts(arguments), s.Texts(environment))
}

// ExecuteFile does the same with a program that is open.
func (s *Script) ExecuteFile(purpose string, program uintptr, arguments, environment []string) {
	s.unblockSignals()
	s.Call(purpose, unix.SYS_EXECVEAT, program, s.Text(""), s.Texts(arguments), s.Texts(environment), unix.AT_EMPTY_PATH)
}

const signalSetSize = 8

func (s *Script) unblockSignals() {
	s.Call("signal mask", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, Pointer(s, new(uint64)), 0, signalSetSize)
}

// cloneArguments is struct clone_args of clone3(2).
type cloneArguments struct {
	flags, pidFD, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// RunIn starts the process in a cgroup, an open directory of cgroup2. See Run.
func (s *Script) RunIn(cgroup uintptr) (int, error) {
	arguments := &cloneArguments{
		// Handlers are Go's and must not run in the child.
		flags:      unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_CLEAR_SIGHAND | unix.CLONE_INTO_CGROUP,
		exitSignal: uint64(unix.SIGCHLD),
		cgroup:     uint64(cgroup),
	}
	return s.run(call{number: unix.SYS_CLONE3, arguments: [6]uintptr{Pointer(s, arguments), unsafe.Sizeof(*arguments)}})
}

// Run starts the process and returns its process id when it has its program. A process that fails is collected here;
// nobody else may be waiting for it. It does without clone3, which filters of system calls refuse.
func (s *Script) Run() (int, error) {
	const flags = unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_PARENT_SETTID
	whole := &Script{kept: []any{s}}
	for signal := uintptr(1); signal <= signalSetSize*8; signal++ {
		if signal != uintptr(unix.SIGKILL) && signal != uintptr(unix.SIGSTOP) {
			whole.Call("signal handlers", unix.SYS_RT_SIGACTION, signal, Pointer(whole, new([4]uint64)), 0, signalSetSize)
		}
	}
	whole.calls = append(whole.calls, s.calls...)
	whole.purposes = append(whole.purposes, s.purposes...)
	return whole.run(call{number: unix.SYS_CLONE, arguments: [6]uintptr{flags | uintptr(unix.SIGCHLD), 0, s.PID()}})
}

// PID gives the address where the process finds its own number, an int, when Run starts it.
func (s *Script) PID() uintptr {
	return uintptr(unsafe.Pointer(&s.pid))
}

func (s *Script) run(start call) (int, error) {
	failed := &failure{}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all := ^uint64(0)
	var before uint64
	signalMask(&all, &before)
	pid, errno := vfork(&start, unsafe.SliceData(s.calls), failed)
	signalMask(&before, nil)
	runtime.KeepAlive(s)
	if errno != 0 {
		return 0, &Error{NewProcess, errno}
	}
	if failed.call == nil {
		return pid, nil
	}
	collect(pid)
	return 0, &Error{s.purpose(failed.call), syscall.Errno(failed.errno)}
}

func (s *Script) purpose(of *call) string {
	for i := range s.calls {
		if &s.calls[i] == of {
			return s.purposes[i]
		}
	}
	return "start"
}

func signalMask(mask, before *uint64) {
	syscall.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(mask)), uintptr(unsafe.Pointer(before)), signalSetSize, 0, 0)
}

func collect(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
			return
		}
	}
}

// vfork starts a process with one call and lets it make the others. In assembly.
//
//go:noescape
func vfork(start, calls *call, failed *failure) (pid int, errno syscall.Errno)
