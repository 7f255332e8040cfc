// Package network makes the network interfaces that the host has decided on, by rtnetlink(7).
package network

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Interface is one network interface; the first is eth0.
type Interface struct {
	// "02:42:ac:11:00:02", by which it is found.
	MAC string
	// In CIDR notation.
	Addresses []string
	// Of the default routes, or empty.
	Gateway4, Gateway6 string
	// 0 for what the device has.
	MTU uint32
}

// Name is what the interface with an index in the host's list is called.
func Name(index int) string { return fmt.Sprintf("eth%d", index) }

// Configure names the interfaces, gives them their addresses and routes, and brings them up. Nothing is asked of or
// announced to the network, so that they can be used at once.
func Configure(interfaces []Interface) error {
	if len(interfaces) == 0 {
		return nil
	}
	s, err := openSocket(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer s.close()
	links, err := s.links()
	if err != nil {
		return err
	}
	b := &batch{}
	b.freeNames(links, interfaces)
	for i, wanted := range interfaces {
		link := find(links, wanted.MAC)
		if link == nil {
			return fmt.Errorf("%s: there is no network device with the address %s", Name(i), wanted.MAC)
		}
		if err := quietIPv6(link.name, wanted); err != nil {
			return err
		}
		if err := b.interfaceMessages(Name(i), link.index, wanted); err != nil {
			return err
		}
		b.settle(Name(i), link.index)
	}
	return s.send(b, nil)
}

// link is an interface as the kernel has it.
type link struct {
	index int32
	name  string
	mac   string
}

func (s socket) links() ([]link, error) {
	b := &batch{}
	b.add("list the network devices", unix.RTM_GETLINK, unix.NLM_F_DUMP, structure(&unix.IfInfomsg{}))
	var links []link
	err := s.send(b, func(kind uint16, payload []byte) {
		if kind != unix.RTM_NEWLINK || len(payload) < unix.SizeofIfInfomsg {
			return
		}
		found := link{index: int32(native.Uint32(payload[4:]))}
		eachAttribute(payload[unix.SizeofIfInfomsg:], func(kind uint16, value []byte) {
			switch kind {
			case unix.IFLA_IFNAME:
				found.name = unix.ByteSliceToString(value)
			case unix.IFLA_ADDRESS:
				found.mac = formatMAC(value)
			}
		})
		links = append(links, found)
	})
	return links, err
}

func formatMAC(bytes []byte) string {
	parts := make([]string, len(bytes))
	for i, b := range bytes {
		parts[i] = fmt.Sprintf("%02x", b)
	}
	return strings.Join(parts, ":")
}

func find(links []link, mac string) *link {
	for i := range links {
		if strings.EqualFold(links[i].mac, mac) {
			return &links[i]
		}
	}
	return nil
}

// freeNames gives names of their own to interfaces that have one which another is to get: the kernel numbers them as it
// finds them.
func (b *batch) freeNames(links []link, interfaces []Interface) {
	for _, link := range links {
		for i, wanted := range interfaces {
			if link.name == Name(i) && !strings.EqualFold(link.mac, wanted.MAC) {
				b.add("rename "+link.name, unix.RTM_SETLINK, 0, structure(&unix.IfInfomsg{Index: link.index}))
				b.attribute(unix.IFLA_IFNAME, []byte(fmt.Sprintf("berth%d\x00", link.index)))
			}
		}
	}
}

// settle asks for the interface's state, which makes the kernel look at it at once. Otherwise it may take a second until the
// interface is said to be running and has its local IPv6 address; programs such as Node do not see it until then.
func (b *batch) settle(name string, index int32) {
	b.add(name, unix.RTM_GETLINK, 0, structure(&unix.IfInfomsg{Index: index}))
}

func (b *batch) interfaceMessages(name string, index int32, wanted Interface) error {
	b.add(name, unix.RTM_SETLINK, 0, structure(&unix.IfInfomsg{Index: index, Flags: unix.IFF_UP, Change: unix.IFF_UP}))
	b.attribute(unix.IFLA_IFNAME, []byte(name+"\x00"))
	if wanted.MTU != 0 {
		b.number(unix.IFLA_MTU, wanted.MTU)
	}
	for _, text := range wanted.Addresses {
		if err := b.address(name, index, text); err != nil {
			return err
		}
	}
	for _, gateway := range []string{wanted.Gateway4, wanted.Gateway6} {
		if gateway == "" {
			continue
		}
		if err := b.defaultRoute(name, index, gateway); err != nil {
			return err
		}
	}
	return nil
}

func (a address) family() uint8 {
	if a.is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func (b *batch) address(name string, index int32, text string) error {
	purpose := name + ": address " + text
	own, bits, err := parsePrefix(text)
	if err != nil {
		return fmt.Errorf("%s: %w", purpose, err)
	}
	header := unix.IfAddrmsg{Family: own.family(), Prefixlen: bits, Index: uint32(index)}
	if !own.is4() {
		// Nobody else has it: netd lets no one use what is not theirs.
		header.Flags = unix.IFA_F_NODAD
	}
	b.add(purpose, unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, structure(&header))
	b.attribute(unix.IFA_LOCAL, own)
	b.attribute(unix.IFA_ADDRESS, own)
	if own.is4() && bits < 31 {
		broadcast := make([]byte, len(own))
		for i := range broadcast {
			broadcast[i] = own[i] | byte(0xff>>min(8, max(0, int(bits)-8*i)))
		}
		b.attribute(unix.IFA_BROADCAST, broadcast)
	}
	return nil
}

func (b *batch) defaultRoute(name string, index int32, text string) error {
	purpose := name + ": route by " + text
	gateway, err := parseAddress(text)
	if err != nil {
		return fmt.Errorf("%s: %w", purpose, err)
	}
	header := unix.RtMsg{
		Family: gateway.family(), Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Scope: unix.RT_SCOPE_UNIVERSE, Type: unix.RTN_UNICAST,
	}
	b.add(purpose, unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, structure(&header))
	b.attribute(unix.RTA_GATEWAY, gateway)
	b.number(unix.RTA_OIF, uint32(index))
	return nil
}
