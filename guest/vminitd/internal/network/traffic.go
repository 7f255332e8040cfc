package network

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Traffic adds up what all interfaces but the loopback have received and sent since the start, as proc(5) has it in the
// file /proc/net/dev.
func Traffic(path string) (received, sent uint64, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, fmt.Errorf("read what networks carried: %w", err)
	}
	const sentColumn = 8
	for line := range strings.Lines(string(content)) {
		name, counters, found := strings.Cut(line, ":")
		columns := strings.Fields(counters)
		if !found || strings.TrimSpace(name) == "lo" || len(columns) <= sentColumn {
			continue
		}
		in, inError := strconv.ParseUint(columns[0], 10, 64)
		out, outError := strconv.ParseUint(columns[sentColumn], 10, 64)
		if inError != nil || outError != nil {
			return 0, 0, fmt.Errorf("%s has the line %q", path, line)
		}
		received += in
		sent += out
	}
	return received, sent, nil
}
