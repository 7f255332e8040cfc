// vminitd is PID 1 of Berth's guests and the only program in their initramfs. It makes the container's world, starts
// processes in it and serves the runtime host over a virtio-serial port. README.md tells the order of starting up.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"berth.dev/vminitd/internal/container"
	"berth.dev/vminitd/internal/control"
	"berth.dev/vminitd/internal/service"
	"berth.dev/vminitd/internal/subinit"
	"berth.dev/vminitd/internal/system"
)

// version is set by the build.
var version = "development"

func main() {
	if subinit.IsWanted(os.Args) {
		os.Exit(subinit.Run(os.Args))
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "vminitd", version, "is the first process of a Berth guest and does nothing elsewhere.")
		os.Exit(2)
	}
	if err := run(); err != nil {
		system.Log("%v", err)
	}
	system.PowerOff()
}

// run returns only when vminitd cannot do its work, or when it has none.
func run() error {
	if err := system.MountProc(); err != nil {
		return err
	}
	// The host's accelerator probe only wants to know whether a guest boots at all. PowerOff looks for ACPI in /sys:
	// without it the machine would be reset, which is what the probe sees when a guest has failed.
	if system.HasKernelArgument("berth.probe") {
		return system.MountDevices()
	}
	system.Trace("vminitd begins")
	if err := system.QuietMonitor(); err != nil {
		system.Log("starting takes longer: %v", err)
	}
	if err := errors.Join(system.EndWithInit(), system.MountDevices()); err != nil {
		return err
	}
	// There is little to collect, and collecting costs what processes could use.
	debug.SetGCPercent(400)
	world := container.Prepare()
	port, err := control.OpenPort()
	if err != nil {
		return err
	}
	system.Trace("control port open")
	return service.NewServer(version, world).Serve(control.Listen(port))
}
