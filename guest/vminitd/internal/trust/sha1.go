package trust

import (
	"encoding/binary"
	"math/bits"
)

// Not crypto/sha1: with the packages below it, it takes time to initialize in every guest, and few have certificates.

// sha1 is RFC 3174. OpenSSL finds certificates by it; nothing relies on its strength.
func sha1(data []byte) [20]byte {
	message := append(append([]byte(nil), data...), 0x80)
	for len(message)%64 != 56 {
		message = append(message, 0)
	}
	message = binary.BigEndian.AppendUint64(message, uint64(len(data))*8)
	state := [5]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}
	for ; len(message) > 0; message = message[64:] {
		state = sha1Block(state, message[:64])
	}
	var sum [20]byte
	for i, word := range state {
		binary.BigEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}

func sha1Block(state [5]uint32, block []byte) [5]uint32 {
	var words [80]uint32
	for i := range words {
		if i < 16 {
			words[i] = binary.BigEndian.Uint32(block[4*i:])
		} else {
			words[i] = bits.RotateLeft32(words[i-3]^words[i-8]^words[i-14]^words[i-16], 1)
		}
	}
	a, b, c, d, e := state[0], state[1], state[2], state[3], state[4]
	for i, word := range words {
		var mixed, constant uint32
		switch i / 20 {
		case 0:
			mixed, constant = b&c|^b&d, 0x5a827999
		case 1:
			mixed, constant = b^c^d, 0x6ed9eba1
		case 2:
			mixed, constant = b&c|b&d|c&d, 0x8f1bbcdc
		default:
			mixed, constant = b^c^d, 0xca62c1d6
		}
		a, b, c, d, e = bits.RotateLeft32(a, 5)+mixed+e+constant+word, a, bits.RotateLeft32(b, 30), c, d
	}
	return [5]uint32{state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e}
}
