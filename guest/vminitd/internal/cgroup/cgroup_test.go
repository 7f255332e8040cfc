package cgroup

import (
	"os"
	"path/filepath"
	"testing"
)

const mebibyte = 1 << 20

// As a guest with 512 MiB has them, cut.
var samples = map[string]string{
	"cpu.stat":       "usage_usec 92389\nuser_usec 27374\nsystem_usec 65014\nnice_usec 0\n",
	"memory.current": "2269184\n",
	"memory.max":     "459554816\n",
	"memory.peak":    "13340672\n",
	"memory.stat":    "anon 184320\nfile 1716224\nkernel 237568\nshmem 0\ninactive_anon 126976\nactive_anon 12288\ninactive_file 184320\nactive_file 1531904\nunevictable 0\n",
	"memory.events":  "low 0\nhigh 0\nmax 60480\noom 3\noom_kill 2\noom_group_kill 0\n",
	"pids.current":   "3\n",
	"io.stat":        "254:0 rbytes=1732608 wbytes=4096 rios=19 wios=1 dbytes=0 dios=0\n254:16 rbytes=1000 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n",
}

func TestStatistics(t *testing.T) {
	directory := t.TempDir()
	for name, content := range samples {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := Statistics{
		CPUUserMicroseconds: 27374, CPUSystemMicroseconds: 65014,
		Memory: 2269184, MemoryLimit: 459554816, MemoryPeak: 13340672,
		Anonymous: 184320, File: 1716224, InactiveFile: 184320,
		Tasks:    3,
		Disk:     Disk{ReadBytes: 1733608, WrittenBytes: 4096, ReadOperations: 20, WriteOperations: 1},
		OOMKills: 2,
	}
	got, err := Group(directory).Statistics()
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if kills, err := Group(directory).OOMKills(); err != nil || kills != 2 {
		t.Errorf("%d kills, %v", kills, err)
	}
}

func TestStatisticsOfAKernelWithoutControllers(t *testing.T) {
	got, err := Group(t.TempDir()).Statistics()
	if err != nil || got != (Statistics{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNoLimitIsZero(t *testing.T) {
	if got := parseNumber("max\n"); got != 0 {
		t.Errorf("%d", got)
	}
}

func TestMemoryLimit(t *testing.T) {
	for _, test := range []struct{ total, available, want uint64 }{
		{512 * mebibyte, 460 * mebibyte, 444 * mebibyte},
		{2048 * mebibyte, 1930 * mebibyte, 1890 * mebibyte},
		{64 * mebibyte, 20 * mebibyte, 11 * mebibyte},
		{48 * mebibyte, 10 * mebibyte, 5 * mebibyte},
	} {
		if got := memoryLimit(test.total, test.available); got != test.want {
			t.Errorf("of %d MiB, %d available: %d", test.total/mebibyte, test.available/mebibyte, got)
		}
	}
}

func TestParseMeminfo(t *testing.T) {
	memory := parseMeminfo("MemTotal:         499140 kB\nMemFree:          468432 kB\nMemAvailable:     465284 kB\nHugePages_Total:       0\n")
	if memory["MemTotal"] != 499140*1024 || memory["MemAvailable"] != 465284*1024 {
		t.Errorf("%v", memory)
	}
}
