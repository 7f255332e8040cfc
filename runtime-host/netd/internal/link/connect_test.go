package link

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestConnectWaitsForASocketThatIsNotThereYet(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "net0.sock")
	connected := make(chan error, 1)
	go func() {
		conn, err := Connect(context.Background(), socket)
		if err == nil {
			conn.Close()
		}
		connected <- err
	}()
	select {
	case err := <-connected:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(10 * listenPause):
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if err := <-connected; err != nil {
		t.Fatal(err)
	}
}

func TestConnectEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*listenPause)
	defer cancel()
	if _, err := Connect(ctx, filepath.Join(t.TempDir(), "none.sock")); err == nil {
		t.Fatal("connected with nothing")
	}
}
