// Package grpc serves gRPC over HTTP/2 on one connection at a time, with the parts of both protocols that a guest needs.
//
// It exists because of the time that a guest takes to start (README.md has the figures): the general libraries execute
// ten times as much code before they answer, and under emulation it is the first execution of code that is slow. HPACK
// and Protocol Buffers are the well-kept libraries'.
//
// Not here, and not needed by the one client there is: TLS, compression, server push, priorities, deadlines on the
// server's side (the client ends a call by RST_STREAM).
package grpc

import (
	"encoding/binary"
	"fmt"
	"io"
)

/*
 * A frame of HTTP/2 (RFC 9113, 4.1):
 *
 *   +-----------------+--------+--------+-+----------------+---------+
 *   | length, 24 bits | type 8 | flags 8|0| stream, 31 bits| payload |
 *   +-----------------+--------+--------+-+----------------+---------+
 */
const frameHeaderSize = 9

type frameType uint8

const (
	frameData         frameType = 0
	frameHeaders      frameType = 1
	frameResetStream  frameType = 3
	frameSettings     frameType = 4
	framePushPromise  frameType = 5
	framePing         frameType = 6
	frameGoAway       frameType = 7
	frameWindowUpdate frameType = 8
	frameContinuation frameType = 9
)

const (
	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

type errorCode uint32

const (
	codeNoError       errorCode = 0
	codeProtocolError errorCode = 1
	codeFlowControl   errorCode = 3
	codeStreamClosed  errorCode = 5
	codeFrameSize     errorCode = 6
	codeCompression   errorCode = 9
)

type settingID uint16

const (
	settingHeaderTableSize   settingID = 1
	settingInitialWindowSize settingID = 4
	settingMaxFrameSize      settingID = 5
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// connectionError ends the connection with a GOAWAY of this code.
type connectionError struct {
	code   errorCode
	reason string
}

func (e connectionError) Error() string { return fmt.Sprintf("HTTP/2 error %d: %s", e.code, e.reason) }

type frame struct {
	kind    frameType
	flags   uint8
	stream  uint32
	payload []byte
}

func (f frame) has(flag uint8) bool { return f.flags&flag != 0 }

// frameReader reads frames; a payload is valid until the next read.
type frameReader struct {
	reader  io.Reader
	largest int
	buffer  []byte
}

func (r *frameReader) read() (frame, error) {
	var header [frameHeaderSize]byte
	if _, err := io.ReadFull(r.reader, header[:]); err != nil {
		return frame{}, err
	}
	length := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
	if length > r.largest {
		return frame{}, connectionError{codeFrameSize, "a frame is larger than was allowed"}
	}
	if cap(r.buffer) < length {
		r.buffer = make([]byte, r.largest)
	}
	f := frame{
		kind:    frameType(header[3]),
		flags:   header[4],
		stream:  binary.BigEndian.Uint32(header[5:]) & (1<<31 - 1),
		payload: r.buffer[:length],
	}
	_, err := io.ReadFull(r.reader, f.payload)
	return f, err
}

// unpad removes padding (RFC 9113, 6.1).
func (f *frame) unpad() error {
	if !f.has(flagPadded) {
		return nil
	}
	if len(f.payload) < 1 || len(f.payload)-1 < int(f.payload[0]) {
		return connectionError{codeProtocolError, "padding is longer than its frame"}
	}
	f.payload = f.payload[1 : len(f.payload)-int(f.payload[0])]
	return nil
}

func appendFrameHeader(to []byte, length int, kind frameType, flags uint8, stream uint32) []byte {
	to = append(to, byte(length>>16), byte(length>>8), byte(length), byte(kind), flags)
	return binary.BigEndian.AppendUint32(to, stream)
}

func appendUint32Frame(to []byte, kind frameType, stream, value uint32) []byte {
	return binary.BigEndian.AppendUint32(appendFrameHeader(to, 4, kind, 0, stream), value)
}

func appendSetting(to []byte, id settingID, value uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(to, uint16(id)), value)
}
