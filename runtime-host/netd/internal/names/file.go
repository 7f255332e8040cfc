package names

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// maxFile is how much of a file is read; some people have very long hosts files.
const maxFile = 16 << 20

// settled is after how much time a change of a file surely has another time stamp than the one before.
const settled = 2 * time.Second

// watchedFile is a file of the host that is parsed again when it has changed.
type watchedFile[T any] struct {
	parse func([]byte) T

	mu     sync.Mutex
	path   string
	read   fs.FileInfo
	readAt time.Time
	value  T
}

// get gives what is in the file now. One that does not exist is as good as empty; when it cannot be read, the error comes
// with what was read last.
func (f *watchedFile[T]) get(path string) (T, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || path == "" {
		f.path, f.read, f.value = path, nil, f.parse(nil)
		return f.value, nil
	}
	if err != nil {
		return f.value, err
	}
	same := f.path == path && f.read != nil && os.SameFile(f.read, info) && f.read.ModTime().Equal(info.ModTime()) && f.read.Size() == info.Size()
	if same && f.readAt.Sub(info.ModTime()).Abs() > settled {
		return f.value, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return f.value, err
	}
	defer file.Close()
	readAt := time.Now()
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return f.value, err
	}
	f.path, f.read, f.readAt, f.value = path, info, readAt, f.parse(text)
	return f.value, nil
}
