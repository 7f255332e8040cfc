package system

import (
	"os"

	"golang.org/x/sys/unix"
)

// PowerOff ends the VM. It does not return. Nothing is synced: who has a disk mounted does that before.
func PowerOff() {
	// Without ACPI the kernel would only halt, and the VMM would wait for ever; a reset ends the VMM, which runs with
	// -no-reboot.
	if _, err := os.Stat("/sys/firmware/acpi/tables"); err == nil {
		report(unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF))
	}
	report(unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART))
	select {}
}

func report(err error) {
	if err != nil {
		Log("power off: %v", err)
	}
}

// EndWithInit makes the machine restart at once, which ends the VMM, when vminitd crashes: the kernel panics then.
func EndWithInit() error {
	return os.WriteFile("/proc/sys/kernel/panic", []byte("-1"), 0)
}
