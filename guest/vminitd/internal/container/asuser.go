package container

import (
	"fmt"
	"runtime"
	"unsafe"

	"berth.dev/vminitd/internal/accounts"
	"golang.org/x/sys/unix"
)

// asUser runs a function with the file-system rights of a user, so that the kernel itself decides what that user may
// enter and execute. Only on the container's thread: the raw system calls change the calling thread alone. The kernel
// takes root's overriding file capabilities away while the user is not root.
func asUser(identity accounts.Identity, work func() error) error {
	if identity.UID == 0 {
		return work()
	}
	if err := setThreadGroups(identity.Groups); err != nil {
		return fmt.Errorf("groups of the process: %w", err)
	}
	setFileSystemID(unix.SYS_SETFSGID, identity.GID)
	setFileSystemID(unix.SYS_SETFSUID, identity.UID)
	workErr := work()
	setFileSystemID(unix.SYS_SETFSUID, 0)
	setFileSystemID(unix.SYS_SETFSGID, 0)
	if err := setThreadGroups(nil); err != nil {
		return fmt.Errorf("groups of vminitd: %w", err)
	}
	return workErr
}

func setThreadGroups(groups []uint32) error {
	_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(unsafe.SliceData(groups))), 0)
	runtime.KeepAlive(groups)
	if errno != 0 {
		return errno
	}
	return nil
}

// setFileSystemID calls setfsuid or setfsgid, which answer the previous id and never fail for root.
func setFileSystemID(call uintptr, id uint32) {
	unix.RawSyscall(call, uintptr(id), 0, 0)
}
