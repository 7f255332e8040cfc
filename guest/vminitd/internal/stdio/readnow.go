package stdio

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

var errNothingNow = errors.New("nothing to read now")

// readNow reads what is there, whatever the file's deadline says: SyscallConn's Control does not look at it.
func readNow(file *os.File, buffer []byte) (int, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return 0, err
	}
	var count int
	var readErr error
	err = raw.Control(func(fd uintptr) {
		for {
			count, readErr = unix.Read(int(fd), buffer)
			if !errors.Is(readErr, unix.EINTR) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case errors.Is(readErr, unix.EAGAIN):
		return 0, errNothingNow
	case readErr != nil:
		return 0, readErr
	case count == 0:
		return 0, io.EOF
	}
	return count, nil
}
