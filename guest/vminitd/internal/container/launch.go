package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"berth.dev/vminitd/internal/accounts"
	"berth.dev/vminitd/internal/reaper"
	"golang.org/x/sys/unix"
)

// ProcessSpec is what the host asks for.
type ProcessSpec struct {
	Arguments        []string
	Environment      []string
	WorkingDirectory string
	User             string
	Terminal         bool
	Stdin            bool
	Size             Size
}

// Process is a started process and this side of its standard streams.
type Process struct {
	*reaper.Child
	// Nil when the process reads /dev/null.
	Stdin *os.File
	// Stdout is the terminal's master when there is a terminal; then Stderr is nil.
	Stdout, Stderr *os.File
}

// plan is a ProcessSpec with everything looked up in the container.
type plan struct {
	file        string
	arguments   []string
	environment environment
	directory   string
	identity    accounts.Identity
}

// StartFirst starts the container's first process. It becomes PID 1 of the PID namespace, and everything else there ends
// with it.
func (c *Container) StartFirst(spec ProcessSpec, r *reaper.Reaper) (*Process, error) {
	return c.launch(spec, r, createDirectory, func(p *plan, files *files) (int, error) {
		attributes := p.attributes(spec, files, c.cgroup)
		attributes.Sys.Ptrace = true
		pid, err := syscall.ForkExec(p.file, p.arguments, attributes)
		if err != nil {
			return 0, err
		}
		return pid, mountProcWhileStopped(pid)
	})
}

// Start starts a further process. As with other engines, its working directory must be there.
func (c *Container) Start(spec ProcessSpec, r *reaper.Reaper) (*Process, error) {
	useDirectory := func(string) error { return nil }
	return c.launch(spec, r, useDirectory, func(p *plan, files *files) (int, error) {
		return syscall.ForkExec(p.file, p.arguments, p.attributes(spec, files, c.cgroup))
	})
}

func createDirectory(path string) error {
	return os.MkdirAll(path, 0o755)
}

// launch prepares the working directory before it looks at it as the user.
func (c *Container) launch(spec ProcessSpec, r *reaper.Reaper, prepare func(directory string) error, fork func(*plan, *files) (int, error)) (*Process, error) {
	var process *Process
	err := c.thread.do(func() error {
		plan, err := makePlan(spec, prepare)
		if err != nil {
			return err
		}
		files, err := openFiles(spec, plan.identity)
		if err != nil {
			return err
		}
		defer files.closeTheirs()
		child, err := r.Start(func() (int, error) { return fork(plan, files) })
		if err != nil {
			files.closeOurs()
			return plan.explain(err)
		}
		process = &Process{Child: child, Stdin: files.ourStdin, Stdout: files.ourStdout, Stderr: files.ourStderr}
		return nil
	})
	return process, err
}

// makePlan resolves user, working directory and command. Only on the container's thread.
func makePlan(spec ProcessSpec, prepare func(directory string) error) (*plan, error) {
	if len(spec.Arguments) == 0 {
		return nil, &StartError{ReasonCommandNotFound, "", errors.New("no command")}
	}
	identity, err := accounts.Resolve(spec.User, accountFiles{})
	if err != nil {
		return nil, &StartError{ReasonUserNotFound, spec.User, err}
	}
	p := &plan{
		arguments:   spec.Arguments,
		environment: newEnvironment(spec.Environment),
		directory:   filepath.Join("/", spec.WorkingDirectory),
		identity:    identity,
	}
	p.completeEnvironment(spec.Terminal)
	if err := prepare(p.directory); err != nil {
		return nil, &StartError{ReasonWorkingDirectory, p.directory, err}
	}
	path, _ := p.environment.get("PATH")
	err = asUser(identity, func() error {
		if err := checkDirectory(p.directory); err != nil {
			return &StartError{ReasonWorkingDirectory, p.directory, err}
		}
		p.file, err = findCommand(spec.Arguments[0], path, p.directory, checkExecutable)
		return err
	})
	return p, p.explain(err)
}

func (p *plan) completeEnvironment(terminal bool) {
	p.environment.setDefault("PATH", defaultPath)
	if home, _ := p.environment.get("HOME"); home == "" {
		p.environment = newEnvironment(append(p.environment, "HOME="+p.identity.Home))
	}
	if terminal {
		p.environment.setDefault("TERM", "xterm")
	}
	if name, err := os.Hostname(); err == nil {
		p.environment.setDefault("HOSTNAME", name)
	}
}

func checkDirectory(path string) error {
	var status unix.Stat_t
	if err := unix.Stat(path, &status); err != nil {
		return err
	}
	if status.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.ENOTDIR
	}
	return unix.Faccessat2(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
}

// attributes of the new process. Everything that vminitd has open is closed on exec; what the process gets is in files.
func (p *plan) attributes(spec ProcessSpec, files *files, cgroup *os.File) *syscall.ProcAttr {
	return &syscall.ProcAttr{
		Dir:   p.directory,
		Env:   p.environment,
		Files: files.descriptors(),
		Sys: &syscall.SysProcAttr{
			Credential:  &syscall.Credential{Uid: p.identity.UID, Gid: p.identity.GID, Groups: p.identity.Groups},
			Setsid:      true,
			Setctty:     spec.Terminal,
			Ctty:        0,
			UseCgroupFD: true,
			CgroupFD:    int(cgroup.Fd()),
		},
	}
}

// explain turns the errors of looking up and executing a command into reasons.
func (p *plan) explain(err error) error {
	var known *StartError
	command := p.arguments[0]
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist) && p.file != "" && checkExecutable(p.file) == nil:
		return &StartError{ReasonCommandNotFound, command, errors.New("the interpreter or loader that it names is not in the image")}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENAMETOOLONG):
		return &StartError{ReasonCommandNotFound, command, err}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, unix.ENOEXEC), errors.Is(err, unix.EISDIR), errors.Is(err, unix.ETXTBSY),
		errors.Is(err, unix.E2BIG):
		return &StartError{ReasonCommandNotExecutable, command, err}
	default:
		return fmt.Errorf("start %s: %w", command, err)
	}
}
