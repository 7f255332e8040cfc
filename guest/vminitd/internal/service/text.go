package service

import "strings"

// valid makes text of what is only bytes to the kernel: Protocol Buffers refuse anything but UTF-8 in a string.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

func valids(texts []string) []string {
	for i, text := range texts {
		texts[i] = valid(text)
	}
	return texts
}
