package main

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRunServesAndStops(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "netd.sock")
	if err := os.WriteFile(socket, nil, 0o644); err != nil { // what a netd that died leaves
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run(socket) }()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	var response *http.Response
	deadline := time.Now().Add(20 * time.Second)
	for err := error(nil); response == nil; response, err = client.Post("http://netd/v1/stop", "", nil) {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		if info, err := os.Stat(socket); err == nil && info.Mode()&fs.ModeSocket != 0 && info.Mode().Perm() != 0o600 {
			t.Fatal(info.Mode())
		}
	}
	if response.StatusCode != http.StatusNoContent {
		t.Fatal(response.Status)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(socket); err == nil {
		t.Fatal("the socket is still there")
	}
}
