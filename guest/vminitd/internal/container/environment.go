package container

import (
	"slices"
	"strings"
)

// environment is a list of NAME=value in which every name stands once; of several the last one counts.
type environment []string

func newEnvironment(entries []string) environment {
	var kept environment
	seen := map[string]bool{}
	for _, entry := range slices.Backward(entries) {
		name, _, hasValue := strings.Cut(entry, "=")
		if !hasValue || name == "" || seen[name] {
			continue
		}
		seen[name] = true
		kept = append(kept, entry)
	}
	slices.Reverse(kept)
	return kept
}

func (e environment) get(name string) (string, bool) {
	for _, entry := range e {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value, true
		}
	}
	return "", false
}

// setDefault adds a variable that is not there.
func (e *environment) setDefault(name, value string) {
	if _, there := e.get(name); !there {
		*e = append(*e, name+"="+value)
	}
}
