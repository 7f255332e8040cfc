package network

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"berth.dev/netd/internal/api"
	"berth.dev/netd/internal/testguest"
)

const testMTU = 65520

var (
	subnet4 = netip.MustParsePrefix("192.168.80.0/24")
	subnet6 = netip.MustParsePrefix("fd00:80::/64")
	host4   = netip.MustParseAddr("192.168.80.254")
	host6   = netip.MustParseAddr("fd00:80::fffe")
)

func testSpec() api.Network {
	return api.Network{
		Name: "default", Subnet4: subnet4, Gateway4: netip.MustParseAddr("192.168.80.1"), Host4: host4,
		Subnet6: subnet6, Gateway6: netip.MustParseAddr("fd00:80::1"), Host6: host6,
		GatewayMAC: api.MAC{0x5a, 0x94, 0xef, 0xe4, 0x0c, 0xdd}, MTU: testMTU, ResolvConf: "/nonexistent", Hosts: "/nonexistent",
	}
}

func newNetwork(t testing.TB) *Network {
	t.Helper()
	n, err := New(testSpec(), NewEvents())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func memberSpec(number byte) api.Member {
	address4, address6 := host4.As4(), subnet6.Addr().As16()
	address4[3], address6[15] = number, number
	return api.Member{
		Name: fmt.Sprintf("box%d", number), MAC: api.MAC{0x5a, 0x94, 0xef, 0, 0, number},
		Address4: netip.AddrFrom4(address4), Address6: netip.AddrFrom16(address6), Policy: api.Policy{Mode: "open", Allow: []string{"host.berth.internal"}},
	}
}

// join makes a member with a guest, linked.
func join(t testing.TB, n *Network, number byte, change ...func(*api.Member)) *testguest.Guest {
	t.Helper()
	spec := memberSpec(number)
	for _, apply := range change {
		apply(&spec)
	}
	guest := testguest.New(t, testguest.Config{
		MAC: spec.MAC.String(), MTU: testMTU, Gateway4: n.spec.Gateway4, Gateway6: n.spec.Gateway6,
		Address4: netip.PrefixFrom(spec.Address4, 24), Address6: netip.PrefixFrom(spec.Address6, 64),
	})
	if _, err := n.Put(spec.Name, spec); err != nil {
		t.Fatal(err)
	}
	if err := n.Connect(t.Context(), spec.Name, api.Link{Socket: guest.Socket}); err != nil {
		t.Fatal(err)
	}
	guest.Linked()
	return guest
}

func patience(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

type halfCloser interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// exchange sends size bytes, closes its direction, and wants the same bytes back and then the end.
func exchange(conn halfCloser, size int) error {
	defer conn.Close()
	sent := make(chan [32]byte, 1)
	go func() {
		sum, random := sha256.New(), rand.NewChaCha8([32]byte{byte(size)})
		_, _ = io.CopyN(io.MultiWriter(conn, sum), random, int64(size))
		_ = conn.CloseWrite()
		sent <- [32]byte(sum.Sum(nil))
	}()
	sum := sha256.New()
	n, err := io.Copy(sum, conn)
	if err != nil || n != int64(size) {
		return fmt.Errorf("%d of %d bytes came back: %w", n, size, err)
	}
	if want := <-sent; !bytes.Equal(sum.Sum(nil), want[:]) {
		return errors.New("the bytes differ")
	}
	return nil
}

func TestEchoOutward(t *testing.T) {
	n := newNetwork(t)
	guest := join(t, n, 2)
	port := testguest.HostEcho(t)
	for address, sizes := range map[netip.Addr][]int{host4: {1, 1000, 65520, 1 << 20, 100_000_000}, host6: {1, 1000, 5_000_000}} {
		for _, size := range sizes {
			conn, err := guest.Dial(patience(t), netip.AddrPortFrom(address, port))
			if err != nil {
				t.Fatal(err)
			}
			if err := exchange(conn, size); err != nil {
				t.Fatalf("%d bytes to %s: %v", size, address, err)
			}
		}
	}
}

func TestEchoUDPOutward(t *testing.T) {
	guest := join(t, newNetwork(t), 2)
	conn := guest.DialUDP(netip.AddrPortFrom(host4, testguest.HostEcho(t)))
	defer conn.Close()
	for _, size := range []int{1, 512, 1472, 9000, 60000} {
		wantEcho(t, conn, size)
	}
}

func wantEcho(t *testing.T, conn net.Conn, size int) {
	t.Helper()
	packet := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(packet)
	if _, err := conn.Write(packet); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 65535)
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	got, err := conn.Read(answer)
	if err != nil || !bytes.Equal(answer[:got], packet) {
		t.Fatalf("%d bytes: %d came back, %v", size, got, err)
	}
}

func TestManyShortConnections(t *testing.T) {
	guest := join(t, newNetwork(t), 2)
	port := testguest.HostEcho(t)
	const total, atATime = 3000, 100
	work := make(chan int)
	errs := make(chan error, total)
	var workers sync.WaitGroup
	for range atATime {
		workers.Go(func() {
			for size := range work {
				conn, err := guest.Dial(patience(t), netip.AddrPortFrom(host4, port))
				if err == nil {
					err = exchange(conn, size)
				}
				errs <- err
			}
		})
	}
	for i := range total {
		work <- i%2000 + 1
	}
	close(work)
	workers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusedDialIsReset(t *testing.T) {
	guest := join(t, newNetwork(t), 2)
	listener, port := testguest.HostPort(t)
	_ = listener.Close()
	began := time.Now()
	_, err := guest.Dial(patience(t), netip.AddrPortFrom(host4, port))
	if err == nil || time.Since(began) > 5*time.Second {
		t.Fatalf("not refused at once: %v", err)
	}
}

func TestNeighboursReachEachOther(t *testing.T) {
	n := newNetwork(t)
	one, two := join(t, n, 2), join(t, n, 3)
	go testguest.Return(two.Listen(80))
	conn, err := one.Dial(patience(t), netip.AddrPortFrom(memberSpec(3).Address4, 80))
	if err != nil {
		t.Fatal(err)
	}
	if err := exchange(conn, 5_000_000); err != nil {
		t.Fatal(err)
	}
}
