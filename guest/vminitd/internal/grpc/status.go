package grpc

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Code is a status code of gRPC.
type Code uint32

// The codes that vminitd uses.
const (
	OK                 Code = 0
	Canceled           Code = 1
	Unknown            Code = 2
	InvalidArgument    Code = 3
	NotFound           Code = 5
	AlreadyExists      Code = 6
	ResourceExhausted  Code = 8
	FailedPrecondition Code = 9
	Aborted            Code = 10
	Unimplemented      Code = 12
	Internal           Code = 13
	Unavailable        Code = 14
)

// Status is an error that the client gets as it is.
type Status struct {
	Code    Code
	Message string
	// A message that says more, or nil, and its full name in the contract.
	Detail     Message
	DetailName string
}

func (s *Status) Error() string { return s.Message }

// Errorf makes a status.
func Errorf(code Code, format string, arguments ...any) error {
	return &Status{Code: code, Message: fmt.Sprintf(format, arguments...)}
}

func statusOf(err error) *Status {
	var status *Status
	switch {
	case err == nil:
		return &Status{}
	case errors.As(err, &status):
		return status
	case errors.Is(err, context.Canceled):
		return &Status{Code: Canceled, Message: err.Error()}
	default:
		return &Status{Code: Unknown, Message: err.Error()}
	}
}

// escape writes grpc-message as gRPC over HTTP/2 asks for: all but printable ASCII, and the percent sign, is escaped.
func escape(message string) string {
	var escaped strings.Builder
	for i := range len(message) {
		if c := message[i]; c >= ' ' && c <= '~' && c != '%' {
			escaped.WriteByte(c)
		} else {
			fmt.Fprintf(&escaped, "%%%02X", c)
		}
	}
	return escaped.String()
}

// details is the value of grpc-status-details-bin: google.rpc.Status in base64.
//
//	message Status { int32 code = 1; string message = 2; repeated google.protobuf.Any details = 3; }
//	message Any { string type_url = 1; bytes value = 2; }
func (s *Status) details() (string, error) {
	value := make([]byte, s.Detail.SizeVT())
	if _, err := s.Detail.MarshalToSizedBufferVT(value); err != nil {
		return "", err
	}
	packed := appendField(nil, 1, "type.googleapis.com/"+s.DetailName)
	packed = appendField(packed, 2, value)
	status := binary.AppendUvarint([]byte{1 << 3}, uint64(s.Code))
	status = appendField(status, 2, s.Message)
	status = appendField(status, 3, packed)
	return base64.RawStdEncoding.EncodeToString(status), nil
}

// appendField writes a field with a length, of a number below 16.
func appendField[Bytes []byte | string](to []byte, number byte, value Bytes) []byte {
	const lengthDelimited = 2
	to = binary.AppendUvarint(append(to, number<<3|lengthDelimited), uint64(len(value)))
	return append(to, value...)
}
