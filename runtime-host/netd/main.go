// netd is one network of Berth: a switch, a gateway, a name server and the published ports, for the virtual machines
// that the runtime host tells it about. It needs no privileges. README.md tells how it is driven.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"berth.dev/netd/internal/control"
)

// version is set by the build.
var version = "development"

// shutdownPatience is for requests that are going on when netd is to end.
const shutdownPatience = 2 * time.Second

func main() {
	socket := flag.String("socket", "", "unix socket on which to serve the control API")
	verbose := flag.Bool("verbose", false, "log more")
	showVersion := flag.Bool("version", false, "print the version and end")
	flag.Parse()
	if *showVersion {
		fmt.Println(version)
		return
	}
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
	if err := run(*socket); err != nil {
		slog.Error("netd cannot go on", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until somebody wants an end, or there is no more use.
func run(socket string) error {
	if socket == "" {
		return errors.New("--socket is missing")
	}
	raiseFileLimit()
	tuneMemory()
	quietMonitor()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	listener, err := listen(socket)
	if err != nil {
		return err
	}
	server := control.New(version, stop)
	defer server.Close()
	// Streams of events end with the context of their requests.
	web := &http.Server{Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	go server.EndWhenUnused(ctx)
	slog.Info("netd serves", "version", version, "socket", socket)
	select {
	case err = <-served:
	case <-ctx.Done():
		patience, cancel := context.WithTimeout(context.Background(), shutdownPatience)
		defer cancel()
		err = web.Shutdown(patience)
	}
	slog.Info("netd ends")
	return err
}

// listen takes the place of a netd that died; whoever starts netd sees to it that there is only one.
func listen(socket string) (net.Listener, error) {
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	previous := syscall.Umask(0o177)
	defer syscall.Umask(previous)
	return net.Listen("unix", socket)
}

// raiseFileLimit: every connection has a file descriptor.
func raiseFileLimit() {
	// Go has raised the soft limit already, and undoes that for children only, of which there are none. What is left is
	// to tell.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err == nil {
		slog.Debug("file descriptors", "limit", limit.Cur)
	}
}
