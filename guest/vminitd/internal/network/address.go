package network

import (
	"errors"
	"strconv"
	"strings"
)

// Not net/netip: that takes time to start, before anybody knows whether there is a network.

// address is an IP address, of 4 or of 16 bytes.
type address []byte

func (a address) is4() bool { return len(a) == 4 }

var errAddress = errors.New("this is no IP address")

// parseAddress reads an address as RFC 4291, 2.2 writes it, but for IPv4 addresses within IPv6 ones.
func parseAddress(text string) (address, error) {
	if !strings.Contains(text, ":") {
		return parse4(text)
	}
	before, after, hasGap := strings.Cut(text, "::")
	head, err := parseGroups(before)
	if err != nil {
		return nil, err
	}
	tail, err := parseGroups(after)
	if err != nil {
		return nil, err
	}
	const size = 16
	missing := size - len(head) - len(tail)
	if missing < 0 || hasGap != (missing > 0) {
		return nil, errAddress
	}
	return append(append(head, make([]byte, missing)...), tail...), nil
}

func parse4(text string) (address, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return nil, errAddress
	}
	parsed := make(address, 4)
	for i, part := range parts {
		value, err := strconv.ParseUint(part, 10, 8)
		if err != nil || part[0] == '+' {
			return nil, errAddress
		}
		parsed[i] = byte(value)
	}
	return parsed, nil
}

func parseGroups(text string) (address, error) {
	if text == "" {
		return nil, nil
	}
	var parsed address
	for group := range strings.SplitSeq(text, ":") {
		value, err := strconv.ParseUint(group, 16, 16)
		if err != nil || len(group) > 4 || group[0] == '+' {
			return nil, errAddress
		}
		parsed = appendGroup(parsed, uint16(value))
	}
	return parsed, nil
}

func appendGroup(to []byte, value uint16) []byte { return append(to, byte(value>>8), byte(value)) }

// parsePrefix reads CIDR notation.
func parsePrefix(text string) (address, uint8, error) {
	before, after, _ := strings.Cut(text, "/")
	parsed, err := parseAddress(before)
	if err != nil {
		return nil, 0, err
	}
	bits, err := strconv.ParseUint(after, 10, 8)
	if err != nil || int(bits) > 8*len(parsed) {
		return nil, 0, errAddress
	}
	return parsed, uint8(bits), nil
}
