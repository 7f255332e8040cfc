package control

import "bytes"

/*
 * The port has no connections, only bytes, and the guest may learn of a disconnection after bytes of the next
 * connection, or never (a VM that was paused meanwhile). So that nothing of an old connection reaches a new one, the
 * host begins each connection with
 *
 *   +-----------------+-----------+
 *   | request mark    | nonce     |     and drops what it reads until it has found   | answer mark | nonce |
 *   | 16 bytes        | 16 bytes  |
 *   +-----------------+-----------+
 *
 * The mark counts wherever it is found. A host that sends no mark but HTTP/2's preface right away is served too, if the
 * port was seen to be closed before.
 */

const (
	markSize  = 16
	nonceSize = 16
)

// The marks are kept inverted, so that this program's own binary does not contain them: it may travel over the port.
var (
	requestMark = invert([markSize]byte{0x6d, 0x1a, 0xf3, 0x52, 0x8e, 0x07, 0xc9, 0xb4, 0x35, 0xda, 0x91, 0x2c, 0x7f, 0xe8, 0x40, 0xa6})
	answerMark  = invert([markSize]byte{0x93, 0x5e, 0x0b, 0xc7, 0x21, 0xf8, 0x64, 0xad, 0x1f, 0x70, 0xb2, 0x49, 0xd5, 0x86, 0x3a, 0xec})
)

func invert(mark [markSize]byte) []byte {
	for i := range mark {
		mark[i] = ^mark[i]
	}
	return mark[:]
}

// markFinder looks for the request mark in a stream that comes in pieces.
type markFinder struct {
	// The last bytes seen, at most one less than a mark.
	tail []byte
}

// find returns the position in piece behind the mark, or -1. The mark may have begun in an earlier piece.
func (f *markFinder) find(piece []byte) int {
	joined := append(f.tail, piece[:min(len(piece), markSize-1)]...)
	if at := bytes.Index(joined, requestMark); at >= 0 {
		position := at + markSize - len(f.tail)
		f.tail = nil
		return position
	}
	if at := bytes.Index(piece, requestMark); at >= 0 {
		f.tail = nil
		return at + markSize
	}
	if len(piece) >= markSize-1 {
		joined = piece
	}
	f.tail = bytes.Clone(joined[max(0, len(joined)-(markSize-1)):])
	return -1
}
