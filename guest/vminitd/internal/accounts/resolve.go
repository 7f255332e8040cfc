package accounts

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Identity is what a process runs as.
type Identity struct {
	UID, GID uint32
	// Supplementary groups; holds GID too, as after initgroups(3).
	Groups []uint32
	// Home directory; "/" when the user has none.
	Home string
}

// Files opens the container's account files. A file that is missing is an error that the resolver treats as an empty
// file: images without any users are ordinary.
type Files interface {
	OpenUsers() (io.ReadCloser, error)
	OpenGroups() (io.ReadCloser, error)
}

// UnknownError says that a user or group has no entry and is not a number.
type UnknownError struct{ Kind, Name string }

func (e *UnknownError) Error() string { return fmt.Sprintf("no %s %q in the image", e.Kind, e.Name) }

// Resolve turns "", "user", "uid", "user:group", "uid:gid" and mixtures into an identity. A name that is also a number
// is looked up as a name first, as other engines do. An unknown number is used as it is, with group 0 when none is
// named. A group that is named replaces the user's own groups; more are names or numbers of groups to have besides.
func Resolve(spec string, more []string, files Files) (Identity, error) {
	userPart, groupPart, groupNamed := strings.Cut(spec, ":")
	groupNamed = groupNamed && groupPart != ""

	identity, name, err := resolveUser(userPart, files)
	if err != nil {
		return Identity{}, err
	}
	if groupNamed {
		identity.GID, err = resolveGroup(groupPart, files)
		if err != nil {
			return Identity{}, err
		}
		identity.Groups = []uint32{identity.GID}
	} else {
		identity.Groups = append([]uint32{identity.GID}, groupIDs(readGroups(files), name)...)
	}
	for _, group := range more {
		gid, err := resolveGroup(group, files)
		if err != nil {
			return Identity{}, err
		}
		identity.Groups = append(identity.Groups, gid)
	}
	slices.Sort(identity.Groups)
	identity.Groups = slices.Compact(identity.Groups)
	return identity, nil
}

// resolveUser gives the identity without supplementary groups, and the user's name where it has one.
func resolveUser(part string, files Files) (Identity, string, error) {
	if part == "" {
		part = "0"
	}
	uid, numberErr := parseID(part)
	users := readUsers(files)
	for _, match := range []func(User) bool{
		func(u User) bool { return u.Name == part },
		func(u User) bool { return numberErr == nil && u.UID == uid },
	} {
		if i := slices.IndexFunc(users, match); i >= 0 {
			return Identity{UID: users[i].UID, GID: users[i].GID, Home: homeOr(users[i].Home)}, users[i].Name, nil
		}
	}
	if numberErr != nil {
		return Identity{}, "", &UnknownError{Kind: "user", Name: part}
	}
	return Identity{UID: uid, Home: "/"}, "", nil
}

func resolveGroup(part string, files Files) (uint32, error) {
	groups := readGroups(files)
	if i := slices.IndexFunc(groups, func(g Group) bool { return g.Name == part }); i >= 0 {
		return groups[i].GID, nil
	}
	gid, err := parseID(part)
	if err != nil {
		return 0, &UnknownError{Kind: "group", Name: part}
	}
	return gid, nil
}

func homeOr(home string) string {
	if home == "" {
		return "/"
	}
	return home
}

func readUsers(files Files) []User {
	file, err := files.OpenUsers()
	if err != nil {
		return nil
	}
	defer file.Close()
	return ParseUsers(file)
}

func readGroups(files Files) []Group {
	file, err := files.OpenGroups()
	if err != nil {
		return nil
	}
	defer file.Close()
	return ParseGroups(file)
}
