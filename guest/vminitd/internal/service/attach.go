package service

import (
	"errors"
	"io"
	"sync"

	"berth.dev/vminitd/internal/gen/guestv1"
	"berth.dev/vminitd/internal/grpc"
	"berth.dev/vminitd/internal/process"
	"berth.dev/vminitd/internal/stdio"
)

const (
	// Output goes to the host in pieces of this size: large enough for throughput, small enough for other streams'
	// turns.
	outputPiece = 64 << 10
	// Input that a process has not read is kept up to this. A host that obeys `stdin_consumed` never reaches it.
	inputLimit = 1 << 20
)

// AttachProcess carries a process's output to the host and its input from there.
func (g *Guest) AttachProcess(call *grpc.Call) error {
	var opening guestv1.AttachRequest
	if err := call.Receive(&opening); err != nil {
		return err
	}
	start := opening.GetStart()
	if start == nil {
		return grpc.Errorf(grpc.InvalidArgument, "an attachment begins with `start`")
	}
	p, err := g.processes.Get(start.ProcessId)
	if err != nil {
		return asStatus(err)
	}
	a := &attachment{process: p, call: call, acknowledges: start.Acknowledges, news: make(chan struct{}, 1)}
	a.room.L = &a.mutex
	if a.acknowledges {
		p.Output.Acknowledge(start.StdoutOffset, start.StderrOffset)
	}
	reader := p.Output.NewReader(start.StdoutOffset, start.StderrOffset)
	defer reader.Close()
	defer a.leave()
	go a.receive()
	return a.send(reader)
}

// attachment is one host's view of a process.
type attachment struct {
	process      *process.Process
	call         *grpc.Call
	acknowledges bool
	// Receives when `consumed` has risen or `problem` was set.
	news chan struct{}

	mutex    sync.Mutex
	room     sync.Cond
	pending  int
	consumed uint64
	problem  error
	left     bool
}

// send passes output on until the process has ended and all is told, or the host has left.
func (a *attachment) send(reader *stdio.Reader) error {
	buffer := make([]byte, outputPiece)
	var told uint64
	for {
		consumed, problem := a.state()
		if problem != nil {
			return problem
		}
		if consumed > told {
			told = consumed
			if err := a.call.Send(&guestv1.AttachResponse{Message: &guestv1.AttachResponse_StdinConsumed{StdinConsumed: consumed}}); err != nil {
				return err
			}
		}
		chunk, ok, done := reader.Next(buffer)
		switch {
		case ok:
			if err := a.call.Send(outputMessage(chunk)); err != nil {
				return err
			}
			reader.Sent()
		case done:
			exit, _ := a.process.Exit()
			return a.call.Send(&guestv1.AttachResponse{Message: &guestv1.AttachResponse_Exited{Exited: exitStatus(exit)}})
		default:
			select {
			case <-reader.Ready:
			case <-a.news:
			case <-a.call.Context().Done():
				return a.call.Context().Err()
			}
		}
	}
}

func outputMessage(chunk stdio.Chunk) *guestv1.AttachResponse {
	output := &guestv1.Output{Offset: chunk.Offset, Data: chunk.Data}
	if chunk.Stream == stdio.Stderr {
		return &guestv1.AttachResponse{Message: &guestv1.AttachResponse_Stderr{Stderr: output}}
	}
	return &guestv1.AttachResponse{Message: &guestv1.AttachResponse_Stdout{Stdout: output}}
}

// receive obeys the host's messages until it sends no more. That the host sends no more does not end the attachment,
// nor the input: only `close_stdin` ends that.
func (a *attachment) receive() {
	for {
		// A new one each time: input is handed on without being copied.
		message := new(guestv1.AttachRequest)
		err := a.call.Receive(message)
		if err == nil {
			err = a.obey(message)
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			a.fail(err)
			return
		}
	}
}

func (a *attachment) obey(message *guestv1.AttachRequest) error {
	switch m := message.Message.(type) {
	case *guestv1.AttachRequest_Stdin:
		a.waitForRoom(len(m.Stdin))
		a.process.Input.Write(m.Stdin, a.consume)
	case *guestv1.AttachRequest_CloseStdin:
		if m.CloseStdin {
			a.process.Input.CloseInput()
		}
	case *guestv1.AttachRequest_Resize:
		if err := a.process.Resize(terminalSize(m.Resize)); err != nil {
			if !a.process.Ended() {
				return grpc.Errorf(grpc.Internal, "resize: %v", err)
			}
		}
	case *guestv1.AttachRequest_Acknowledge:
		if !a.acknowledges {
			return grpc.Errorf(grpc.FailedPrecondition, "this attachment was not opened to acknowledge")
		}
		a.process.Output.Acknowledge(m.Acknowledge.StdoutOffset, m.Acknowledge.StderrOffset)
	default:
		return grpc.Errorf(grpc.InvalidArgument, "`start` comes first and only first")
	}
	return nil
}

func (a *attachment) waitForRoom(count int) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for a.pending > 0 && a.pending+count > inputLimit && !a.left {
		a.room.Wait()
	}
	a.pending += count
}

func (a *attachment) consume(count int) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.pending -= count
	a.consumed += uint64(count)
	a.room.Signal()
	a.tell()
}

func (a *attachment) fail(err error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.problem = err
	a.tell()
}

// leave lets a receiver that waits for room go on: its stream is over.
func (a *attachment) leave() {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.left = true
	a.room.Signal()
}

func (a *attachment) tell() {
	select {
	case a.news <- struct{}{}:
	default:
	}
}

func (a *attachment) state() (uint64, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.consumed, a.problem
}
