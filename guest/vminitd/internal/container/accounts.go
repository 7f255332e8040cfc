package container

import (
	"io"
	"os"
	"slices"

	"berth.dev/vminitd/internal/accounts"
	"golang.org/x/sys/unix"
)

// accountFiles opens the account files of the container; only on the container's thread.
type accountFiles struct{}

func (accountFiles) OpenUsers() (io.ReadCloser, error)  { return openRegular("/etc/passwd") }
func (accountFiles) OpenGroups() (io.ReadCloser, error) { return openRegular("/etc/group") }

// AccountNames are the names that the image gives users and groups.
type AccountNames struct {
	Users, Groups map[uint32]string
}

// AccountNames reads the names as they are now. An image without account files has none.
func (c *Container) AccountNames() (AccountNames, error) {
	names := AccountNames{Users: map[uint32]string{}, Groups: map[uint32]string{}}
	<-c.ready
	if c.problem != nil {
		return names, c.problem
	}
	err := c.thread.do(func() error {
		if file, err := (accountFiles{}).OpenUsers(); err == nil {
			defer file.Close()
			for _, user := range slices.Backward(accounts.ParseUsers(file)) {
				names.Users[user.UID] = user.Name // The first of several, as libc has it.
			}
		}
		if file, err := (accountFiles{}).OpenGroups(); err == nil {
			defer file.Close()
			for _, group := range slices.Backward(accounts.ParseGroups(file)) {
				names.Groups[group.GID] = group.Name
			}
		}
		return nil
	})
	return names, err
}

// largestAccounts is how much of an account file counts: it is the container's, and vminitd keeps it in memory.
const largestAccounts = 16 << 20

type limitedFile struct {
	io.Reader
	io.Closer
}

// openRegular refuses what is not a file: a FIFO or a device in the image must not make vminitd wait.
func openRegular(path string) (io.ReadCloser, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = os.ErrInvalid
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return limitedFile{io.LimitReader(file, largestAccounts), file}, nil
}
