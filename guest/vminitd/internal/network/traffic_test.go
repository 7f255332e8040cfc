package network

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTraffic(t *testing.T) {
	content := "Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
		"    lo:    9999     100    0    0    0     0          0         0     9999     100    0    0    0     0       0          0\n" +
		"  eth0:     700       7    0    0    0     0          0         0       80       1    0    0    0     0       0          0\n" +
		"  eth1:1000000000       7    0    0    0     0          0         0       20       1    0    0    0     0       0          0\n"
	path := filepath.Join(t.TempDir(), "dev")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	received, sent, err := Traffic(path)
	if err != nil || received != 1000000700 || sent != 100 {
		t.Fatalf("%d received, %d sent, %v", received, sent, err)
	}
}

func TestTrafficOfNothing(t *testing.T) {
	if _, _, err := Traffic(filepath.Join(t.TempDir(), "dev")); err == nil {
		t.Fatal("a file that is not there was read")
	}
}
