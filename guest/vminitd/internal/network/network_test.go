package network

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAddressesAreReadAsNetipReadsThem(t *testing.T) {
	for _, text := range []string{
		"0.0.0.0", "192.168.80.2", "255.255.255.255", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", "+1.2.3.4", "", "x",
		"::", "::1", "1::", "fd12:3456::7", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "::-1", ":1", "1:", ":::",
		"fe80::1%eth0",
	} {
		expected, err := netip.ParseAddr(text)
		isValid := err == nil && expected.Zone() == ""
		parsed, err := parseAddress(text)
		if (err == nil) != isValid || isValid && !slices.Equal(parsed, expected.AsSlice()) {
			t.Errorf("%q is %v (%v), not %v", text, []byte(parsed), err, expected)
		}
	}
	for _, text := range []string{"10.0.0.1/24", "10.0.0.1/0", "10.0.0.1/33", "10.0.0.1", "10.0.0.1/", "10.0.0.1/-1", "fd00::1/64", "fd00::1/129"} {
		expected, err := netip.ParsePrefix(text)
		isValid := err == nil
		parsed, bits, err := parsePrefix(text)
		if (err == nil) != isValid || isValid && (!slices.Equal(parsed, expected.Addr().AsSlice()) || int(bits) != expected.Bits()) {
			t.Errorf("%q is %v/%d (%v), not %v", text, []byte(parsed), bits, err, expected)
		}
	}
}

func TestBroadcastAddress(t *testing.T) {
	for prefix, expected := range map[string]string{"192.168.80.2/24": "192.168.80.255", "10.1.2.3/14": "10.3.255.255", "10.1.2.3/30": "10.1.2.3", "10.1.2.3/31": "none", "10.1.2.3/0": "255.255.255.255"} {
		b := &batch{}
		if err := b.address("eth0", 2, prefix); err != nil {
			t.Fatal(err)
		}
		found := "none"
		eachAttribute(b.bytes[unix.SizeofNlMsghdr+unix.SizeofIfAddrmsg:], func(kind uint16, value []byte) {
			if address, ok := netip.AddrFromSlice(value); ok && kind == unix.IFA_BROADCAST {
				found = address.String()
			}
		})
		if found != expected {
			t.Errorf("%s: %s", prefix, found)
		}
	}
}

// FuzzAnswers: the kernel is trusted, but a mistake here must not be a crash of the first process.
func FuzzAnswers(f *testing.F) {
	b := &batch{}
	b.add("one", unix.RTM_SETLINK, 0, structure(&unix.IfInfomsg{Index: 1}))
	b.attribute(unix.IFLA_IFNAME, []byte("eth0\x00"))
	f.Add(b.bytes)
	f.Fuzz(func(_ *testing.T, data []byte) {
		_ = eachMessage(data, func(header messageHeader, payload []byte) error {
			eachAttribute(payload, func(uint16, []byte) {})
			return b.explain(header.sequence, payload)
		})
	})
}

func TestRefusalsNameWhatWasAsked(t *testing.T) {
	b := &batch{}
	b.add("eth0", unix.RTM_SETLINK, 0, nil)
	b.add("eth0: address 10.0.0.1/8", unix.RTM_NEWADDR, 0, nil)
	refusal := unix.EEXIST
	err := b.explain(1, native.AppendUint32(nil, uint32(-int32(refusal))))
	if err == nil || !strings.Contains(err.Error(), "eth0: address 10.0.0.1/8: file exists") {
		t.Errorf("%v", err)
	}
	if err := b.explain(0, make([]byte, 4)); err != nil {
		t.Error(err)
	}
}

func TestAddressesAreWrittenAsNetipWritesThem(t *testing.T) {
	for _, text := range []string{"::", "::1", "1::", "fd12:3456::7", "1:2:3:4:5:6:7:8", "1:0:3:4:5:6:7:8", "1:0:0:4:5:0:0:8", "1:0:0:4:0:0:0:8", "0:0:3:4:5:6:0:0", "127.0.0.1"} {
		expected := netip.MustParseAddr(text)
		if written := address(expected.AsSlice()).String(); written != expected.String() {
			t.Errorf("%s, not %s", written, expected)
		}
	}
}

func TestListenersOfThisMachine(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	connected, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connected.Close()
	listeners, err := Listeners()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, l := range listeners {
		found = append(found, fmt.Sprint(l.IsUDP, " ", net.JoinHostPort(l.Address, strconv.Itoa(int(l.Port)))))
	}
	for text, isThere := range map[string]bool{"false " + tcp.Addr().String(): true, "true " + udp.LocalAddr().String(): true, "false " + connected.LocalAddr().String(): false} {
		if slices.Contains(found, text) != isThere {
			t.Errorf("%s: %v in %v", text, !isThere, found)
		}
	}
}
