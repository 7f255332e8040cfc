package api

import (
	"fmt"
	"net"
)

// MAC is an Ethernet address; on the wire “5a:94:ef:e4:0c:dd”.
type MAC [6]byte

// String is the usual form, in lower case.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// MarshalText implements encoding.TextMarshaler.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *MAC) UnmarshalText(text []byte) error {
	parsed, err := net.ParseMAC(string(text))
	if err != nil || len(parsed) != len(m) {
		return fmt.Errorf("%q is no Ethernet address", text)
	}
	*m = MAC(parsed)
	return nil
}
