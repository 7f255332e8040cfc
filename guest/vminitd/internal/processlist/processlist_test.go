package processlist

import (
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

const status = "Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t12\nUid:\t1000\t1001\t1001\t1001\nGid:\t50\t51\t51\t51\nNStgid:\t57\t12\nNSpid:\t57\t12\n"

// The name of a program may hold anything.
const stat = "57 (a) b ( c) S 44 57 44 34816 57 4194560 134 432 0 0 150 25 1 20 5 -5 3 0 89 2379776 314 18446744073709551615 4198400 5785993\n"

func write(t *testing.T, proc string, pid int, files map[string]string) {
	t.Helper()
	directory := filepath.Join(proc, strconv.Itoa(pid))
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestList(t *testing.T) {
	proc := t.TempDir()
	write(t, proc, 1, map[string]string{"status": "Uid:\t0\t0\t0\t0\nNSpid:\t1\n", "stat": "", "cmdline": ""})
	write(t, proc, 44, map[string]string{"status": "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpid:\t44\t1\n", "stat": "44 (sh) S 1 44 44 34816 57 0 0 0 0 0 0 0 0 0 20 0 1 0 50 0 0", "cmdline": "sh\x00"})
	write(t, proc, 57, map[string]string{"status": status, "stat": stat, "cmdline": "tool\x00two words\x00\x00"})
	write(t, proc, 60, map[string]string{"status": "NSpid:\t60\t13\t2\n", "stat": "60 (nested) Z 57 57 44 0 -1 0", "cmdline": ""})
	write(t, proc, 70, map[string]string{}) // It ends in this moment.
	if err := os.WriteFile(filepath.Join(proc, "uptime"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := List(proc)
	if err != nil || len(found) != 3 {
		t.Fatalf("%+v, %v", found, err)
	}
	if first := found[0]; first.PID != 1 || first.ParentPID != 0 || first.Session != 1 || first.ProcessGroup != 1 {
		t.Errorf("first: %+v", first)
	}
	tool := found[1]
	boot := tool.Started.Add(-890 * time.Millisecond)
	if time.Since(boot) < 0 {
		t.Errorf("started %v", tool.Started)
	}
	tool.Started = time.Time{}
	want := Process{
		PID: 12, ParentPID: 1, UID: 1001, GID: 51, State: "S", Terminal: "pts/0", CPU: 1750 * time.Millisecond,
		Virtual: 2379776, Resident: 314 * uint64(os.Getpagesize()), Threads: 3, Nice: -5, Session: 1, ProcessGroup: 12,
		Name: "a) b ( c", Arguments: []string{"tool", "two words", ""},
	}
	if !reflect.DeepEqual(tool, want) {
		t.Errorf("%+v\nwant %+v", tool, want)
	}
	if nested := found[2]; nested.PID != 13 || nested.ParentPID != 12 || nested.State != "Z" || nested.Arguments != nil {
		t.Errorf("nested: %+v", nested)
	}
}

func TestLongCommandLinesAreCut(t *testing.T) {
	proc := t.TempDir()
	const count = allCommandLines/longCommandLine + 10
	for pid := 100; pid < 100+count; pid++ {
		write(t, proc, pid, map[string]string{"status": "NSpid:\t1\t" + strconv.Itoa(pid) + "\n", "stat": stat, "cmdline": "tool\x00" + strings.Repeat("x", 2*longCommandLine)})
	}
	found, err := List(proc)
	if err != nil || len(found) != count {
		t.Fatalf("%d, %v", len(found), err)
	}
	first, last := found[0].Arguments, found[count-1].Arguments
	if want := strings.Repeat("x", longCommandLine-5) + "…"; len(first) != 2 || first[1] != want {
		t.Errorf("the first has %d bytes", len(first[1]))
	}
	if want := strings.Repeat("x", shortCommandLine-5) + "…"; len(last) != 2 || last[1] != want {
		t.Errorf("the last has %q", last)
	}
}

func TestTerminalName(t *testing.T) {
	for device, want := range map[int64]string{0: "", 34816: "pts/0", 34819: "pts/3", 137<<8 | 1: "pts/257", 1281: "5:1"} {
		if got := terminalName(device); got != want {
			t.Errorf("%d: %q", device, got)
		}
	}
}
