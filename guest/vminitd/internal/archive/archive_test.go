package archive

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func openTest(t *testing.T) (*Root, string) {
	t.Helper()
	directory := t.TempDir()
	root, err := OpenDirectory(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(root.fd) })
	return root, directory
}

func archiveOf(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, header := range headers {
		content := header.Linkname
		if header.Typeflag == tar.TypeReg {
			header.Linkname, header.Size = "", int64(len(content))
		}
		if header.Mode == 0 {
			header.Mode = 0o755
		}
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(writer, content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func file(name, content string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Linkname: content}
}
func directory(name string) tar.Header { return tar.Header{Typeflag: tar.TypeDir, Name: name} }
func link(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
}

func TestDestinationsMeanWhatDockerSays(t *testing.T) {
	sources := map[Source]func() []tar.Header{
		SourceFile:      func() []tar.Header { return []tar.Header{file("whatever", "new")} },
		SourceDirectory: func() []tar.Header { return []tar.Header{directory("."), file("./a", "new")} },
		SourceContents:  func() []tar.Header { return []tar.Header{directory("."), file("./a", "new")} },
		SourceEntries:   func() []tar.Header { return []tar.Header{file("a", "new")} },
	}
	for _, c := range []struct {
		source      Source
		destination string
		result      string // the new file, or what is wrong
	}{
		{SourceFile, "new", "new"},
		{SourceFile, "/new", "new"},
		{SourceFile, "new/", "no such directory"},
		{SourceFile, "no/new", "no such file or directory"},
		{SourceFile, "file", "file"},
		{SourceFile, "file/", "not a directory"},
		{SourceFile, "file/x", "no such file or directory"},
		{SourceFile, "dir", "dir/src"},
		{SourceFile, "dir/", "dir/src"},
		{SourceFile, "dir/.", "dir/src"},
		{SourceFile, "dir/../file", "file"},
		{SourceFile, "to-file", "file"},
		{SourceFile, "to-dir", "dir/src"},
		{SourceFile, "to-nothing", "nothing"},
		{SourceFile, "to-outside", "dir/src"},
		{SourceFile, "loop", "too many levels of symbolic links"},
		{SourceDirectory, "new", "new/a"},
		{SourceDirectory, "new/", "new/a"},
		{SourceDirectory, "no/new", "no such file or directory"},
		{SourceDirectory, "file", "a directory cannot be copied onto a file"},
		{SourceDirectory, "dir", "dir/src/a"},
		{SourceDirectory, "dir/", "dir/src/a"},
		{SourceDirectory, "/", "src/a"},
		{SourceContents, "new", "new/a"},
		{SourceContents, "dir", "dir/a"},
		{SourceContents, "/", "a"},
		{SourceContents, "file", "a directory cannot be copied onto a file"},
		{SourceEntries, "dir", "dir/a"},
		{SourceEntries, "to-dir", "dir/a"},
		{SourceEntries, "new", "no such file or directory"},
		{SourceEntries, "file", "the destination must be a directory"},
	} {
		t.Run(fmt.Sprintf("%d to %s", c.source, c.destination), func(t *testing.T) {
			root, host := openTest(t)
			run(t, host, `mkdir dir; echo old > file; ln -s /file to-file; ln -s dir to-dir; ln -s nothing to-nothing; ln -s ../../dir to-outside; ln -s loop loop`)
			err := root.Write(context.Background(), WriteOptions{Destination: c.destination, Source: c.source, Name: "src"}, archiveOf(t, sources[c.source]()...))
			if err != nil {
				if !strings.Contains(err.Error(), c.result) {
					t.Fatalf("%v", err)
				}
				return
			}
			if content, err := os.ReadFile(filepath.Join(host, c.result)); err != nil || string(content) != "new" {
				t.Fatalf("%q %v", content, err)
			}
		})
	}
}

func TestNothingIsWrittenOutside(t *testing.T) {
	for name, entries := range map[string][]tar.Header{
		"climbing name":      {file("../../escaped", "x")},
		"climbing inside":    {file("a/../../../escaped", "x")},
		"through a link":     {link("out", "../../.."), file("out/escaped", "x")},
		"an absolute link":   {link("out", "/.."), file("out/escaped", "x")},
		"through two links":  {link("a", ".."), link("b", "a/../.."), file("b/escaped", "x")},
		"a link as a file":   {link("escaped", "../../escaped"), file("escaped", "x")},
		"a hard link's name": {{Typeflag: tar.TypeLink, Name: "escaped", Linkname: "../../secret"}},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			run(t, top, `mkdir -p root/dir; echo secret > secret`)
			root, err := OpenDirectory(filepath.Join(top, "root"))
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(root.fd)
			_ = root.Write(context.Background(), WriteOptions{Destination: "/dir", Source: SourceEntries}, archiveOf(t, entries...))
			if names := run(t, top, `ls`); names != "root\nsecret\n" {
				t.Fatal(names)
			}
			if links := run(t, top, `stat -c %h secret`); links != "1\n" {
				t.Fatal("the file outside has another name now")
			}
		})
	}
}

func TestKindsAreNotMixedUp(t *testing.T) {
	root, host := openTest(t)
	run(t, host, `mkdir -p d/sub; echo old > d/file`)
	write := func(entries ...tar.Header) error {
		return root.Write(context.Background(), WriteOptions{Destination: "/d", Source: SourceEntries}, archiveOf(t, entries...))
	}
	var refused *Error
	if err := write(file("sub", "x")); !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if err := write(directory("file")); !errors.As(err, &refused) {
		t.Fatal(err)
	}
	if err := write(link("sub", "file")); !errors.As(err, &refused) {
		t.Fatal(err)
	}
	// What is no archive leaves everything as it is.
	err := root.Write(context.Background(), WriteOptions{Destination: "/d", Source: SourceEntries}, strings.NewReader(strings.Repeat("no tar ", 1000)))
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	whole := archiveOf(t, file("file", strings.Repeat("x", 5000))).Bytes()
	err = root.Write(context.Background(), WriteOptions{Destination: "/d", Source: SourceEntries}, bytes.NewReader(whole[:2000]))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if left := run(t, host, `cat d/file; ls -A d`); left != "old\nfile\nsub\n" {
		t.Fatal(left)
	}
}

// What GNU tar packs and unpacks is the measure: kinds, modes, times, owners, links, holes, odd and long names.
func TestATreeComesBackAsItWas(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("owners and devices need root")
	}
	root, host := openTest(t)
	long := strings.Repeat("n", 200)
	run(t, host, `mkdir -p t/sub/`+long+`/`+long+` 't/новая'; printf x > 't/with
newline'; printf 'b\377d' > "t/$(printf 'b\377d')"; printf deep > t/sub/`+long+`/`+long+`/deep
		ln -s /nowhere/at/all t/link; ln t/sub/`+long+`/`+long+`/deep t/hard; mkfifo t/fifo; mknod t/dev c 1 3; mknod t/block b 7 1
		truncate -s 40M t/sparse; printf end >> t/sparse; printf s > t/suid; chown 1234:3000000 t/suid; chmod 6711 t/suid
		chmod 1777 t/sub; touch -d '2001-02-03 04:05:06.789' t/suid t/sub; touch -h -d '1999-01-01' t/link; chmod 000 t/hard; setfattr -n user.note -v kept t/suid 2>/dev/null || true`)
	list := func(directory string) string {
		return run(t, filepath.Join(host, directory), `find . -printf '%P|%y|%m|%U:%G|%s|%l|%n|%T@\n' | sort; find . -type f -print0 | xargs -0 sha256sum | sort; getfattr -hRd . 2>/dev/null || true`)
	}
	before := list("t")

	var ours bytes.Buffer
	if err := root.Read(context.Background(), ReadOptions{Path: "/t"}, &ours); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(host, "ours.tar"), ours.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, host, `mkdir gnu && tar --xattrs -xpf ours.tar -C gnu`)
	if after := list("gnu/t"); after != before {
		t.Errorf("GNU tar unpacked\n%s\nof\n%s", after, before)
	}
	run(t, host, `tar --xattrs --sparse --format=posix -cf gnu.tar t && mkdir ours`)
	for _, name := range []string{"gnu.tar", "ours.tar"} {
		archive, err := os.Open(filepath.Join(host, name))
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		run(t, host, `rm -rf ours/t`)
		if err := root.Write(context.Background(), WriteOptions{Destination: "ours", Source: SourceEntries, KeepOwner: true}, archive); err != nil {
			t.Fatal(err)
		}
		if after := list("ours/t"); after != before {
			t.Errorf("from %s came\n%s\nof\n%s", name, after, before)
		}
		if used := run(t, host, `du -k ours/t/sparse | cut -f1`); len(used) > 4 {
			t.Errorf("the hole takes %s KiB", used)
		}
	}
	if err := root.Write(context.Background(), WriteOptions{Destination: "ours", Source: SourceEntries}, bytes.NewReader(ours.Bytes())); err != nil {
		t.Fatal(err)
	}
	if owners := run(t, host, `find ours/t -printf '%U:%G\n' | sort -u`); owners != "0:0\n" {
		t.Error(owners)
	}
}

func TestSourcesMeanWhatDockerSays(t *testing.T) {
	root, host := openTest(t)
	run(t, host, `mkdir -p d/sub; echo x > d/f; ln -s d l; ln -s d/f lf`)
	for _, c := range []struct {
		options ReadOptions
		names   string
	}{
		{ReadOptions{Path: "d"}, "d/ d/f d/sub/"},
		{ReadOptions{Path: "/d/"}, "d/ d/f d/sub/"},
		{ReadOptions{Path: "/d/."}, "./ ./f ./sub/"},
		{ReadOptions{Path: "/d/f"}, "f"},
		{ReadOptions{Path: "/d/f/"}, "/d/f: not a directory"},
		{ReadOptions{Path: "/l"}, "l"},
		{ReadOptions{Path: "/l/"}, "l/ l/f l/sub/"},
		{ReadOptions{Path: "/l/."}, "./ ./f ./sub/"},
		{ReadOptions{Path: "/l", FollowLink: true}, "l/ l/f l/sub/"},
		{ReadOptions{Path: "/lf", FollowLink: true}, "lf"},
		{ReadOptions{Path: "/l/f"}, "f"},
		{ReadOptions{Path: "/no"}, "/no: no such file or directory"},
		{ReadOptions{Path: "/d/f/x"}, "/d/f/x: no such file or directory"},
		{ReadOptions{Path: "/", OneFileSystem: true}, "d/ d/f d/sub/ l lf"},
	} {
		var out bytes.Buffer
		err := root.Read(context.Background(), c.options, &out)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = strings.Join(names(t, &out), " ")
		}
		if got != c.names {
			t.Errorf("%+v: %s instead of %s", c.options, got, c.names)
		}
	}
}

func TestAReadEndsWithItsContext(t *testing.T) {
	root, host := openTest(t)
	run(t, host, `truncate -s 1T large`)
	ctx, cancel := context.WithCancel(context.Background())
	err := root.Read(ctx, ReadOptions{Path: "/large"}, writerFunc(func(data []byte) (int, error) {
		cancel()
		return len(data), nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	cancel()
	start := time.Now()
	if err := root.Write(ctx, WriteOptions{Destination: "/", Source: SourceEntries}, archiveOf(t, file("x", "x"))); !errors.Is(err, context.Canceled) {
		t.Fatal(err, time.Since(start))
	}
}

type writerFunc func([]byte) (int, error)

func (w writerFunc) Write(data []byte) (int, error) { return w(data) }

func names(t *testing.T, archive io.Reader) []string {
	t.Helper()
	var names []string
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if err == io.EOF {
			slices.Sort(names)
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
}

func run(t *testing.T, directory, script string) string {
	t.Helper()
	command := exec.Command("sh", "-ec", script)
	command.Dir = directory
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v", output, err)
	}
	return string(output)
}

// A tree that is deeper than any program can name is refused: all names on the way are kept in memory.
func TestDeepTrees(t *testing.T) {
	root, directory := openTest(t)
	fd, err := unix.Open(directory, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for depth := 0; depth < unix.PathMax/200 && err == nil; depth++ {
		name, above := strings.Repeat("d", 250), fd
		if err = unix.Mkdirat(above, name, 0o700); err == nil {
			fd, err = unix.Openat(above, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		}
		unix.Close(above)
	}
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	if err := root.Read(t.Context(), ReadOptions{Path: "/"}, io.Discard); !errors.Is(err, unix.ENAMETOOLONG) {
		t.Error(err)
	}
}
