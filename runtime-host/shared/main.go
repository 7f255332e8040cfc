// shared serves one directory of this machine to one virtual machine, as 9P2000.L over its standard input and output. It
// ends with them. README.md tells how it is driven and what it guards against.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"berth.dev/shared/internal/confine"
	"berth.dev/shared/internal/ninep"
	"berth.dev/shared/internal/tree"
)

// version is set by the build.
var version = "development"

func main() {
	root := flag.String("root", "", "directory to serve, by its real path")
	readOnly := flag.Bool("read-only", false, "let nothing be changed")
	uid := flag.Int("uid", -1, "user who gets what is made, where that is possible")
	gid := flag.Int("gid", -1, "group that gets what is made, where that is possible")
	showVersion := flag.Bool("version", false, "print the version and end")
	flag.Parse()
	if *showVersion {
		fmt.Println(version)
		return
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	if err := run(*root, tree.Options{ReadOnly: *readOnly, UID: *uid, GID: *gid}); err != nil {
		slog.Error("shared cannot go on", "error", err.Error(), "root", *root)
		os.Exit(1)
	}
}

func run(path string, options tree.Options) error {
	if path == "" {
		return errors.New("--root is missing")
	}
	root, err := tree.Open(path, options)
	if err != nil {
		return err
	}
	confined, err := confine.ToDirectory(root.Descriptor(), options.ReadOnly)
	if err != nil {
		return err
	}
	slog.Info("shared serves", "version", version, "root", path, "readOnly", options.ReadOnly, "confined", confined)
	return ninep.NewServer(root).Serve(os.Stdin, os.Stdout)
}
