package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"berth.dev/vminitd/internal/accounts"
	"berth.dev/vminitd/internal/reaper"
	"berth.dev/vminitd/internal/spawn"
	"berth.dev/vminitd/internal/subinit"
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
	// Names or numbers of groups that the user has besides.
	Groups []string
	// Nil confines nothing.
	Confinement *Confinement
	Limits      []Limit
	// Only for the first process: vminitd's own small init is PID 1 and the command its child.
	Init bool
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
	var init *os.File
	if spec.Init {
		var err error
		if init, err = os.Open("/proc/self/exe"); err != nil { // in vminitd's own world, which the thread has left
			return nil, fmt.Errorf("init of the container: %w", err)
		}
		defer init.Close()
	}
	first, err := c.launch(spec, r, createDirectory, func(p *plan, files *files) (int, error) {
		if err := prepareFirst(spec, files); err != nil {
			return 0, err
		}
		s := &spawn.Script{}
		finishWorld(s, c.world)
		p.prepare(s, spec, files)
		if init != nil {
			s.ExecuteFile(executePurpose, init.Fd(), subinit.Arguments(p.file, p.arguments), p.environment)
		} else {
			s.Execute(executePurpose, p.file, p.arguments, p.environment)
		}
		return s.RunIn(c.cgroup.Fd())
	})
	c.first = first
	return first, err
}

// prepareFirst does what further processes find done.
func prepareFirst(spec ProcessSpec, files *files) error {
	if err := mountPoint("/proc"); err != nil {
		return err
	}
	if !spec.Terminal {
		return nil
	}
	return bindConsole(files.theirStdin)
}

func (c *Container) startIn(cgroup *os.File, spec ProcessSpec, r *reaper.Reaper) (*Process, error) {
	useDirectory := func(string) error { return nil }
	return c.launch(spec, r, useDirectory, func(p *plan, files *files) (int, error) {
		s := &spawn.Script{}
		p.prepare(s, spec, files)
		s.Execute(executePurpose, p.file, p.arguments, p.environment)
		return s.RunIn(cgroup.Fd())
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
	identity, err := accounts.Resolve(spec.User, spec.Groups, accountFiles{})
	if err != nil {
		return nil, &StartError{ReasonUserNotFound, unknownName(err, spec.User), err}
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

func unknownName(err error, otherwise string) string {
	var unknown *accounts.UnknownError
	if errors.As(err, &unknown) {
		return unknown.Name
	}
	return otherwise
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

// What the calls of a new process are for, where it matters.
const (
	directoryPurpose = "working directory"
	executePurpose   = "execute"
)

// prepare writes down what the new process does before it runs its program. Everything that vminitd has open is closed
// on exec; what the process gets is in files.
func (p *plan) prepare(s *spawn.Script, spec ProcessSpec, files *files) {
	for target, descriptor := range files.descriptors() {
		s.Call("standard streams", unix.SYS_DUP3, descriptor, uintptr(target), 0)
	}
	s.Call("session", unix.SYS_SETSID)
	if spec.Terminal {
		s.Call("controlling terminal", unix.SYS_IOCTL, 0, unix.TIOCSCTTY, 1)
	}
	become(s, p.identity, spec.Confinement, spec.Limits)
	s.Call(directoryPurpose, unix.SYS_CHDIR, s.Text(p.directory))
}

// explain turns the errors of looking up and starting a command into reasons.
func (p *plan) explain(err error) error {
	var known *StartError
	var failed *spawn.Error
	command := p.arguments[0]
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &failed) && failed.Purpose == directoryPurpose:
		return &StartError{ReasonWorkingDirectory, p.directory, failed.Errno}
	case errors.As(err, &failed) && failed.Purpose == spawn.NewProcess && failed.Errno == unix.EAGAIN:
		return fmt.Errorf("start %s: the container has as many processes and threads as it may have; end some of them", command)
	case errors.As(err, &failed) && failed.Purpose != executePurpose:
		return fmt.Errorf("start %s: %w", command, asMountError(failed))
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
