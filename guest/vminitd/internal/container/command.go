package container

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultPath is used, and handed to the process, when its environment has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// findCommand looks a command up as execvp(3) does: a name with a slash is a path, relative to the working directory;
// any other is sought in the directories of path. What exists but cannot be executed is passed over, and is the answer
// only when nothing better comes. check tells whether a file can be executed.
func findCommand(name, path, workingDirectory string, check func(file string) error) (string, error) {
	if name == "" {
		return "", fs.ErrNotExist
	}
	if strings.Contains(name, "/") {
		file := absolute(name, workingDirectory)
		return file, check(file)
	}
	best := error(fs.ErrNotExist)
	for _, directory := range filepath.SplitList(path) {
		file := filepath.Join(absolute(directory, workingDirectory), name)
		err := check(file)
		if err == nil {
			return file, nil
		}
		if errors.Is(err, fs.ErrPermission) {
			best = err
		}
	}
	return "", best
}

func absolute(path, workingDirectory string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(workingDirectory, path)
}

// checkExecutable asks the kernel whether the calling thread's file-system user may execute a regular file.
func checkExecutable(file string) error {
	var status unix.Stat_t
	if err := unix.Stat(file, &status); err != nil {
		return err
	}
	if status.Mode&unix.S_IFMT != unix.S_IFREG {
		return fs.ErrPermission
	}
	return unix.Faccessat2(unix.AT_FDCWD, file, unix.X_OK, unix.AT_EACCESS)
}
