package accounts

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
)

const passwd = `# comment
root:x:0:0:root:/root:/bin/sh
broken:x
worse:x:abc:0::/:/bin/sh
alice:x:1000:1000:Alice:/home/alice:/bin/bash

1001:x:2000:2000::/home/number:/bin/sh
short:x:5:6
last:x:4294967295:1::/:/bin/sh`

const group = `root:x:0:
wheel:x:10:root,alice
alice:x:1000:
staff:x:50:alice
bad:x:`

type images struct{ users, groups *string }

func open(content *string) (io.ReadCloser, error) {
	if content == nil {
		return nil, os.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(*content)), nil
}

func (i images) OpenUsers() (io.ReadCloser, error)  { return open(i.users) }
func (i images) OpenGroups() (io.ReadCloser, error) { return open(i.groups) }

func full() images {
	p, g := passwd, group
	return images{&p, &g}
}

func TestParseSkipsWhatDoesNotFit(t *testing.T) {
	var names []string
	for _, user := range ParseUsers(strings.NewReader(passwd)) {
		names = append(names, user.Name)
	}
	if want := []string{"root", "alice", "1001", "short"}; !reflect.DeepEqual(names, want) {
		t.Errorf("users %v, want %v", names, want)
	}
	if groups := ParseGroups(strings.NewReader(group)); len(groups) != 4 {
		t.Errorf("%d groups", len(groups))
	}
}

func TestResolve(t *testing.T) {
	for _, test := range []struct {
		spec string
		want Identity
	}{
		{"", Identity{0, 0, []uint32{0, 10}, "/root"}},
		{"0", Identity{0, 0, []uint32{0, 10}, "/root"}},
		{"alice", Identity{1000, 1000, []uint32{10, 50, 1000}, "/home/alice"}},
		{"1000", Identity{1000, 1000, []uint32{10, 50, 1000}, "/home/alice"}},
		{"alice:", Identity{1000, 1000, []uint32{10, 50, 1000}, "/home/alice"}},
		{"alice:staff", Identity{1000, 50, []uint32{50}, "/home/alice"}},
		{"alice:77", Identity{1000, 77, []uint32{77}, "/home/alice"}},
		{":staff", Identity{0, 50, []uint32{50}, "/root"}},
		{"4321", Identity{4321, 0, []uint32{0}, "/"}},
		{"4321:8765", Identity{4321, 8765, []uint32{8765}, "/"}},
		{"1001", Identity{2000, 2000, []uint32{2000}, "/home/number"}}, // a name before a number
		{"short", Identity{5, 6, []uint32{6}, "/"}},
	} {
		got, err := Resolve(test.spec, nil, full())
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("Resolve(%q) = %+v, %v; want %+v", test.spec, got, err, test.want)
		}
	}
}

func TestResolveRefusesUnknownNames(t *testing.T) {
	for _, spec := range []string{"bob", "alice:nobody", "-1", "4294967295", "4294967296", "al ice", "0:-5"} {
		var unknown *UnknownError
		if _, err := Resolve(spec, nil, full()); !errors.As(err, &unknown) {
			t.Errorf("Resolve(%q): %v", spec, err)
		}
	}
}

func TestResolveWithMoreGroups(t *testing.T) {
	got, err := Resolve("alice:staff", []string{"wheel", "4711", "50"}, full())
	if want := []uint32{10, 50, 4711}; err != nil || !reflect.DeepEqual(got.Groups, want) {
		t.Errorf("%v, %v", got.Groups, err)
	}
	var unknown *UnknownError
	if _, err := Resolve("alice", []string{"nonsense"}, full()); !errors.As(err, &unknown) || unknown.Name != "nonsense" {
		t.Error(err)
	}
}

func TestResolveWithoutFiles(t *testing.T) {
	got, err := Resolve("", nil, images{})
	if want := (Identity{0, 0, []uint32{0}, "/"}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Resolve("root", nil, images{}); err == nil {
		t.Error("a name needs a file")
	}
}
