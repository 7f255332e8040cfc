package container

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestCopyOfATree(t *testing.T) {
	source, target := t.TempDir(), t.TempDir()
	old := time.Unix(1_000_000_000, 123)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(filepath.Join(source, "deep/er"), 0o755))
	check(os.WriteFile(filepath.Join(source, "deep/er/file"), []byte("content"), 0o600))
	check(os.Chmod(filepath.Join(source, "deep/er/file"), 0o751|os.ModeSetuid))
	check(os.Link(filepath.Join(source, "deep/er/file"), filepath.Join(source, "second")))
	check(os.Symlink("/nowhere", filepath.Join(source, "link")))
	check(unix.Mkfifo(filepath.Join(source, "fifo"), 0o640))
	check(os.Chmod(filepath.Join(source, "deep"), 0o711|os.ModeSticky))
	check(os.Chtimes(filepath.Join(source, "deep"), old, old))
	check(os.Chtimes(filepath.Join(source, "second"), old, old))

	from, err := os.Open(source)
	check(err)
	defer from.Close()
	to, err := os.Open(target)
	check(err)
	defer to.Close()
	c := copier{root: to, links: map[uint64]string{}}
	check(c.directory(from, to, ""))

	if got, want := describe(t, target), describe(t, source); !reflect.DeepEqual(got, want) {
		t.Errorf("copied\n%v, want\n%v", got, want)
	}
	var first, second unix.Stat_t
	check(unix.Stat(filepath.Join(target, "deep/er/file"), &first))
	check(unix.Stat(filepath.Join(target, "second"), &second))
	if first.Ino != second.Ino {
		t.Error("two names of one file became two files")
	}
}

type described struct {
	mode, links uint32
	modified    time.Time
	text        string
}

func describe(t *testing.T, root string) map[string]described {
	t.Helper()
	found := map[string]described{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		var status unix.Stat_t
		if err := unix.Lstat(path, &status); err != nil {
			return err
		}
		d := described{mode: status.Mode, modified: time.Unix(status.Mtim.Unix())}
		if !entry.IsDir() {
			d.links = uint32(status.Nlink)
		}
		switch entry.Type() {
		case 0:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			d.text = string(content)
		case os.ModeSymlink:
			if d.text, err = os.Readlink(path); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(root, path)
		found[name] = d
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
