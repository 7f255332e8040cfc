// Package accounts reads the passwd(5) and group(5) files of a container and resolves the user that a process runs as.
package accounts

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
)

// User is one line of passwd(5).
type User struct {
	Name     string
	UID, GID uint32
	Home     string
}

// Group is one line of group(5).
type Group struct {
	Name    string
	GID     uint32
	Members []string
}

// ParseUsers reads passwd(5): name:password:uid:gid:comment:home:shell. Lines that do not fit are skipped, as libc does.
func ParseUsers(r io.Reader) []User {
	var users []User
	eachLine(r, func(fields []string) {
		if len(fields) < 4 {
			return
		}
		uid, uidErr := parseID(fields[2])
		gid, gidErr := parseID(fields[3])
		if uidErr != nil || gidErr != nil {
			return
		}
		user := User{Name: fields[0], UID: uid, GID: gid}
		if len(fields) > 5 {
			user.Home = fields[5]
		}
		users = append(users, user)
	})
	return users
}

// ParseGroups reads group(5): name:password:gid:member,member. Lines that do not fit are skipped.
func ParseGroups(r io.Reader) []Group {
	var groups []Group
	eachLine(r, func(fields []string) {
		if len(fields) < 3 {
			return
		}
		gid, err := parseID(fields[2])
		if err != nil {
			return
		}
		group := Group{Name: fields[0], GID: gid}
		if len(fields) > 3 && fields[3] != "" {
			group.Members = strings.Split(fields[3], ",")
		}
		groups = append(groups, group)
	})
	return groups
}

func eachLine(r io.Reader, use func(fields []string)) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // A group may have many members.
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		use(strings.Split(line, ":"))
	}
}

// parseID accepts the numbers that can be a uid or a gid; 4294967295 means "unchanged" to the kernel and is refused.
func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err == nil && id == 1<<32-1 {
		return 0, strconv.ErrRange
	}
	return uint32(id), err
}

func groupIDs(groups []Group, member string) []uint32 {
	var ids []uint32
	for _, group := range groups {
		if slices.Contains(group.Members, member) {
			ids = append(ids, group.GID)
		}
	}
	return ids
}
