// Package reaper collects ended children: those that vminitd started, and orphans that fall to PID 1. It is the only
// place that waits, so that no exit status goes to the wrong reader.
package reaper

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Status is how a process ended.
type Status struct {
	// 0-255; 128+n when signal n ended the process.
	Code int
	// 0 when it ended by itself.
	Signal unix.Signal
	At     time.Time
}

// Reaper knows the children that somebody waits for.
type Reaper struct {
	// Held while a child is started and entered, and while one is collected and removed: no child ends unknown, and no
	// signal goes to a number that another process has meanwhile.
	mutex    sync.Mutex
	children map[int]*Child
	started  chan struct{}
}

// Child is a process that vminitd started.
type Child struct {
	PID    int
	Done   chan struct{} // Closed when Status is set.
	Status Status
	reaper *Reaper
}

// New starts collecting.
func New() *Reaper {
	r := &Reaper{children: map[int]*Child{}, started: make(chan struct{}, 1)}
	go r.run()
	return r
}

// Start runs fork, which starts a child and returns its process id.
func (r *Reaper) Start(fork func() (int, error)) (*Child, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	pid, err := fork()
	if err != nil {
		return nil, err
	}
	child := &Child{PID: pid, Done: make(chan struct{}), reaper: r}
	r.children[pid] = child
	select {
	case r.started <- struct{}{}:
	default:
	}
	return child, nil
}

// Signal sends a signal; ESRCH when the child has ended.
func (c *Child) Signal(signal unix.Signal) error {
	c.reaper.mutex.Lock()
	defer c.reaper.mutex.Unlock()
	if c.reaper.children[c.PID] != c {
		return unix.ESRCH
	}
	return unix.Kill(c.PID, signal)
}

func (r *Reaper) run() {
	for {
		// Leaves the child a zombie, so that its number stays taken until the lock is held.
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case err == nil:
			r.collect()
		case errors.Is(err, unix.ECHILD):
			<-r.started
		case !errors.Is(err, unix.EINTR):
			panic(fmt.Errorf("wait for children: %w", err))
		}
	}
}

// collect takes every child that has ended.
func (r *Reaper) collect() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid == 0 {
			return
		}
		if !status.Exited() && !status.Signaled() {
			continue // A traced process that stopped.
		}
		child := r.children[pid]
		if child == nil {
			continue // An orphan.
		}
		delete(r.children, pid)
		child.Status = Status{Code: exitCode(status), Signal: endingSignal(status), At: time.Now()}
		close(child.Done)
	}
}

func endingSignal(status unix.WaitStatus) unix.Signal {
	if status.Signaled() {
		return status.Signal()
	}
	return 0
}

func exitCode(status unix.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
