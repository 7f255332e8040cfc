package process

import (
	"errors"
	"slices"
	"sync"
	"time"

	"berth.dev/vminitd/internal/cgroup"
	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/oom"
	"berth.dev/vminitd/internal/reaper"
	"golang.org/x/sys/unix"
)

// How long a first process may take to be gone once it has begun to end.
const endPatience = 2 * time.Second

// What a request can be refused for.
var (
	ErrUnknown        = errors.New("no such process")
	ErrRunning        = errors.New("the process is running")
	ErrExists         = errors.New("there is a process with this id")
	ErrStarted        = errors.New("the container was started before")
	ErrNotStarted     = errors.New("the container was not started")
	ErrEnded          = errors.New("the container has ended")
	ErrShuttingDown   = errors.New("the VM is shutting down")
	ErrMissingProcess = errors.New("the request names no process")
)

// Table holds the container's processes by id.
type Table struct {
	container *container.Container
	reaper    *reaper.Reaper
	memory    *oom.Watch

	mutex     sync.Mutex
	started   bool
	closed    bool
	first     *Process
	processes map[string]*Process // nil values are being started
}

// NewTable makes an empty table.
func NewTable(c *container.Container, r *reaper.Reaper) *Table {
	return &Table{container: c, reaper: r, memory: oom.NewWatch(cgroup.Container), processes: map[string]*Process{}}
}

// StartFirst completes the container and starts its first process. It can be tried once.
func (t *Table) StartFirst(id string, spec container.ProcessSpec, complete func() error) (*Process, error) {
	t.mutex.Lock()
	if t.started {
		t.mutex.Unlock()
		return nil, ErrStarted
	}
	t.started = true
	t.mutex.Unlock()
	if err := complete(); err != nil {
		return nil, err
	}
	first, err := t.start(id, spec, t.container.StartFirst)
	if err == nil {
		t.mutex.Lock()
		t.first = first
		t.mutex.Unlock()
	}
	return first, err
}

// Start starts a further process.
func (t *Table) Start(id string, spec container.ProcessSpec) (*Process, error) {
	first := t.First()
	if first == nil {
		return nil, ErrNotStarted
	}
	if first.Ended() {
		return nil, ErrEnded
	}
	process, err := t.start(id, spec, t.container.Start)
	if err != nil && endedBy(first, err) {
		return nil, ErrEnded
	}
	return process, err
}

// endedBy tells whether a process could not be started because the first one has ended. One that is just ending takes no
// more children into its PID namespace, which the kernel reports as a lack of memory (pid_namespaces(7)).
func endedBy(first *Process, err error) bool {
	if errors.Is(err, unix.ENOMEM) {
		select {
		case <-first.Done():
		case <-time.After(endPatience):
		}
	}
	return first.Ended()
}

type launcher = func(container.ProcessSpec, *reaper.Reaper) (*container.Process, error)

func (t *Table) start(id string, spec container.ProcessSpec, launch launcher) (*Process, error) {
	if err := t.reserve(id); err != nil {
		return nil, err
	}
	started, err := launch(spec, t.reaper)
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if err != nil {
		delete(t.processes, id)
		return nil, err
	}
	process := newProcess(id, started, t.memory)
	t.processes[id] = process
	return process, nil
}

func (t *Table) reserve(id string) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if id == "" {
		return ErrMissingProcess
	}
	if t.closed {
		return ErrShuttingDown
	}
	if _, taken := t.processes[id]; taken {
		return ErrExists
	}
	t.processes[id] = nil
	return nil
}

// First is the container's first process, nil before it was started.
func (t *Table) First() *Process {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.first
}

// Started tells whether StartFirst was called.
func (t *Table) Started() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.started
}

// Get finds a process.
func (t *Table) Get(id string) (*Process, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if process := t.processes[id]; process != nil {
		return process, nil
	}
	return nil, ErrUnknown
}

// All lists the processes, oldest first.
func (t *Table) All() []*Process {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []*Process
	for _, process := range t.processes {
		if process != nil {
			all = append(all, process)
		}
	}
	slices.SortFunc(all, func(a, b *Process) int { return a.PID() - b.PID() })
	return all
}

// Release forgets an ended process. What its children still write is dropped.
func (t *Table) Release(id string) error {
	process, err := t.Get(id)
	if err != nil {
		return err
	}
	if !process.Ended() {
		return ErrRunning
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	delete(t.processes, id)
	process.Output.Discard()
	return nil
}

// Close refuses new processes.
func (t *Table) Close() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.closed = true
}
