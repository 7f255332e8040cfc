package container

import (
	"errors"
	"io/fs"
	"reflect"
	"testing"
)

func TestFindCommand(t *testing.T) {
	files := map[string]error{
		"/usr/bin/tool": nil, "/bin/tool": nil, "/work/run": nil, "/work/sub/run": nil,
		"/usr/bin/denied": fs.ErrPermission, "/bin/twice": nil, "/usr/bin/twice": fs.ErrPermission,
	}
	check := func(file string) error {
		if err, there := files[file]; there {
			return err
		}
		return fs.ErrNotExist
	}
	for _, test := range []struct {
		name, path, want string
		err              error
	}{
		{"tool", "/sbin:/usr/bin:/bin", "/usr/bin/tool", nil},
		{"twice", "/usr/bin:/bin", "/bin/twice", nil},
		{"denied", "/usr/bin:/bin", "", fs.ErrPermission},
		{"missing", "/usr/bin:/bin", "", fs.ErrNotExist},
		{"tool", "", "", fs.ErrNotExist},
		{"", "/usr/bin", "", fs.ErrNotExist},
		{"./run", "/bin", "/work/run", nil},
		{"sub/run", "/bin", "/work/sub/run", nil},
		{"run", "/bin::", "/work/run", nil}, // an empty entry is the working directory
		{"/bin/tool", "", "/bin/tool", nil},
		{"/usr/bin/denied", "", "/usr/bin/denied", fs.ErrPermission},
	} {
		got, err := findCommand(test.name, test.path, "/work", check)
		if got != test.want || !errors.Is(err, test.err) {
			t.Errorf("findCommand(%q, %q) = %q, %v; want %q, %v", test.name, test.path, got, err, test.want, test.err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	e := newEnvironment([]string{"A=1", "B=2", "A=3", "none", "=x", "C="})
	e.setDefault("B", "other")
	e.setDefault("C", "other")
	e.setDefault("D", "4")
	if want := (environment{"B=2", "A=3", "C=", "D=4"}); !reflect.DeepEqual(e, want) {
		t.Errorf("%q, want %q", e, want)
	}
}

func TestPlacesInOrder(t *testing.T) {
	var targets []string
	world := World{Shares: []Share{{Target: "/w/a/b"}, {Target: "/w//"}, {Target: "/x/../w/a"}}, Temporary: []Temporary{{Target: "/w/a/b/c"}, {Target: "/t"}}, Volumes: []Volume{{Target: "/w/a/v"}, {Target: "/v"}}}
	places, done, err := world.places(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	for _, place := range places {
		targets = append(targets, place.target)
	}
	if want := []string{"/v", "/w", "/t", "/w/a", "/w/a/v", "/w/a/b", "/w/a/b/c"}; !reflect.DeepEqual(targets, want) {
		t.Errorf("%q, want %q", targets, want)
	}
}

func TestSharesStayOutOfTheKernelsPlaces(t *testing.T) {
	for _, target := range []string{"/", "relative", "/proc", "/proc/sys", "/sys", "/sys/fs", "/dev", "/dev/shm"} {
		var mount *MountError
		if err := mountShare(Share{Tag: "tag"}, target); !errors.As(err, &mount) {
			t.Errorf("%s: %v", target, err)
		}
	}
}
