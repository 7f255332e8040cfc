package grpc

import (
	"context"
	"io"
)

// Message is a message as the generator makes it: it marshals itself.
type Message interface {
	Reset()
	SizeVT() int
	MarshalToSizedBufferVT(into []byte) (int, error)
	UnmarshalVT(from []byte) error
}

// Handler serves one call. What it returns becomes the call's status.
type Handler func(call *Call) error

// Server knows the methods, by path: "/package.Service/Method".
type Server struct {
	methods map[string]Handler
}

// NewServer makes a server without methods.
func NewServer() *Server { return &Server{methods: map[string]Handler{}} }

// Handle adds a method.
func (s *Server) Handle(path string, handler Handler) { s.methods[path] = handler }

// Listener gives connections, one after the other. Not package net's: that takes time to start and is not needed else.
type Listener interface {
	Accept() (io.ReadWriteCloser, error)
}

// Serve serves connections until the listener fails. A connection that fails concerns nobody but its client.
func (s *Server) Serve(listener Listener) error {
	for {
		accepted, err := listener.Accept()
		if err != nil {
			return err
		}
		newConnection(accepted, s.methods).serve()
	}
}

// Unary adapts a function with one request and one response.
func Unary[Value any, Request interface {
	*Value
	Message
}, Response Message](serve func(context.Context, Request) (Response, error)) Handler {
	return func(call *Call) error {
		request := Request(new(Value))
		if err := call.Receive(request); err != nil {
			return err
		}
		response, err := serve(call.Context(), request)
		if err != nil {
			return err
		}
		return call.sendLast(response)
	}
}
