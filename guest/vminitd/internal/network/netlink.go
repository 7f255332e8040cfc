package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

/*
 * A message of rtnetlink(7). All numbers have the machine's byte order, and everything begins at a multiple of four bytes:
 *
 *   +------------+----------+-----------+--------------+----------+--------------------+-------------------------------+
 *   | length, 32 | type, 16 | flags, 16 | sequence, 32 | port, 32 | a structure of the | attributes: length 16,        |
 *   |            |          |           |              |          | type's own         | type 16, value                |
 *   +------------+----------+-----------+--------------+----------+--------------------+-------------------------------+
 */

var native = binary.NativeEndian

const alignment = 4

func aligned(size int) int { return (size + alignment - 1) &^ (alignment - 1) }

// batch is messages that are sent at once. The kernel does them one after the other, and answers each.
type batch struct {
	bytes []byte
	// What each message is for, by its number in the batch.
	purposes []string
	start    int
}

// add begins a message with the structure of its type.
func (b *batch) add(purpose string, kind, flags uint16, header []byte) {
	b.start = len(b.bytes)
	b.bytes = native.AppendUint32(b.bytes, 0)
	b.bytes = native.AppendUint16(b.bytes, kind)
	b.bytes = native.AppendUint16(b.bytes, flags|unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b.bytes = native.AppendUint32(b.bytes, uint32(len(b.purposes)))
	b.bytes = native.AppendUint32(b.bytes, 0)
	b.bytes = append(b.bytes, header...)
	b.purposes = append(b.purposes, purpose)
	b.finish()
}

// attribute adds to the message that was begun last.
func (b *batch) attribute(kind uint16, value []byte) {
	b.bytes = native.AppendUint16(b.bytes, uint16(unix.SizeofRtAttr+len(value)))
	b.bytes = native.AppendUint16(b.bytes, kind)
	b.bytes = append(b.bytes, value...)
	b.finish()
}

func (b *batch) number(kind uint16, value uint32) {
	b.attribute(kind, native.AppendUint32(nil, value))
}

func (b *batch) finish() {
	var padding [alignment]byte
	b.bytes = append(b.bytes, padding[:aligned(len(b.bytes))-len(b.bytes)]...)
	native.PutUint32(b.bytes[b.start:], uint32(len(b.bytes)-b.start))
}

// socket is a netlink socket.
type socket int

func openSocket(protocol int) (socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return -1, fmt.Errorf("netlink: %w", err)
	}
	return socket(fd), nil
}

func (s socket) close() { unix.Close(int(s)) }

// send sends a batch and gives what the kernel answers, message by message, until the batch is done. The error is the
// first that the kernel answers; what comes after that message in the batch is done nevertheless.
func (s socket) send(b *batch, each func(kind uint16, payload []byte)) error {
	if err := unix.Sendto(int(s), b.bytes, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	buffer := make([]byte, 32<<10) // as much as the kernel puts into one answer at most
	var problem error
	for open := len(b.purposes); open > 0; {
		size, _, err := unix.Recvfrom(int(s), buffer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		problem = errors.Join(problem, eachMessage(buffer[:size], func(header messageHeader, payload []byte) error {
			switch header.kind {
			case unix.NLMSG_DONE:
				open--
			case unix.NLMSG_ERROR:
				open--
				return b.explain(header.sequence, payload)
			default:
				if each != nil {
					each(header.kind, payload)
				}
			}
			return nil
		}))
	}
	return problem
}

// explain reads struct nlmsgerr: an error number, negative, or 0 for what was done.
func (b *batch) explain(sequence uint32, payload []byte) error {
	if len(payload) < 4 || int(sequence) >= len(b.purposes) {
		return errors.New("netlink: an answer that cannot be read")
	}
	if number := int32(native.Uint32(payload)); number != 0 {
		return fmt.Errorf("%s: %w", b.purposes[sequence], unix.Errno(-number))
	}
	return nil
}

type messageHeader struct {
	kind     uint16
	sequence uint32
}

func eachMessage(data []byte, each func(messageHeader, []byte) error) error {
	for len(data) >= unix.SizeofNlMsghdr {
		length := int(native.Uint32(data))
		if length < unix.SizeofNlMsghdr || length > len(data) {
			return errors.New("netlink: an answer that cannot be read")
		}
		header := messageHeader{kind: native.Uint16(data[4:]), sequence: native.Uint32(data[8:])}
		if err := each(header, data[unix.SizeofNlMsghdr:length]); err != nil {
			return err
		}
		data = data[min(aligned(length), len(data)):]
	}
	return nil
}

func eachAttribute(data []byte, each func(kind uint16, value []byte)) {
	for len(data) >= unix.SizeofRtAttr {
		length := int(native.Uint16(data))
		if length < unix.SizeofRtAttr || length > len(data) {
			return
		}
		each(native.Uint16(data[2:]), data[unix.SizeofRtAttr:length])
		data = data[min(aligned(length), len(data)):]
	}
}

// structure gives the bytes of one of the kernel's structures.
func structure[T any](value *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(value)), unsafe.Sizeof(*value))
}
