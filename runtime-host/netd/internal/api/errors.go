package api

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Error is what a request that failed is answered with.
type Error struct {
	// Status is the HTTP status.
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
	// Address, Port and Protocol are of the port that could not be taken.
	Address  string `json:"address,omitempty"`
	Port     uint16 `json:"port,omitempty"`
	Protocol string `json:"protocol,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// PortError tells why a port of the host could not be taken.
func PortError(address string, port uint16, protocol string, err error) *Error {
	failed := &Error{Status: 500, Code: "PortFailed", Message: err.Error(), Address: address, Port: port, Protocol: protocol}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		failed.Status, failed.Code = 409, "PortInUse"
		failed.Message = fmt.Sprintf("%s port %d of %s is in use", protocol, port, address)
	case errors.Is(err, syscall.EACCES), errors.Is(err, fs.ErrPermission):
		failed.Status, failed.Code = 403, "PortForbidden"
		failed.Message = fmt.Sprintf("the system does not let this user listen on %s port %d of %s", protocol, port, address)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.Is(err, syscall.EAFNOSUPPORT):
		failed.Status, failed.Code = 400, "Invalid"
		failed.Message = fmt.Sprintf("This machine has no address %s. Publish the port on one of its own, or on none in particular.", address)
	}
	return failed
}
