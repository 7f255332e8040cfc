package grpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
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
	Unimplemented      Code = 12
	Internal           Code = 13
)

// Status is an error that the client gets as it is.
type Status struct {
	Code    Code
	Message string
	// A message that says more, or nil.
	Detail proto.Message
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
	value, err := proto.Marshal(s.Detail)
	if err != nil {
		return "", err
	}
	var packed []byte
	packed = protowire.AppendTag(packed, 1, protowire.BytesType)
	packed = protowire.AppendString(packed, "type.googleapis.com/"+string(s.Detail.ProtoReflect().Descriptor().FullName()))
	packed = protowire.AppendTag(packed, 2, protowire.BytesType)
	packed = protowire.AppendBytes(packed, value)

	var status []byte
	status = protowire.AppendTag(status, 1, protowire.VarintType)
	status = protowire.AppendVarint(status, uint64(s.Code))
	status = protowire.AppendTag(status, 2, protowire.BytesType)
	status = protowire.AppendString(status, s.Message)
	status = protowire.AppendTag(status, 3, protowire.BytesType)
	status = protowire.AppendBytes(status, packed)
	return base64.RawStdEncoding.EncodeToString(status), nil
}
