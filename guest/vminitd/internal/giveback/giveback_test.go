package giveback

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"berth.dev/vminitd/internal/cgroup"
)

const mebibyte = 1 << 20

func TestUnusedCache(t *testing.T) {
	for _, test := range []struct {
		name        string
		before, now sample
		want        uint64
		pause       time.Duration
	}{
		{"little cache", sample{}, sample{cache: 30 * mebibyte, limit: 512 * mebibyte}, 0, lookPause},
		{"a small machine keeps something", sample{}, sample{cache: 8 * mebibyte, limit: 12 * mebibyte}, 0, lookPause},
		{"unused", sample{read: 300}, sample{cache: 232 * mebibyte, limit: 512 * mebibyte, read: 300}, 51 * mebibyte, givePause},
		{"the last of it", sample{}, sample{cache: 32*mebibyte + 4096, limit: 512 * mebibyte}, 4096, givePause},
		{"programs use it", sample{}, sample{cache: 120 * mebibyte, used: 100 * mebibyte, limit: 512 * mebibyte}, 0, lookPause},
		{"it reads", sample{read: 1}, sample{cache: 232 * mebibyte, limit: 512 * mebibyte, read: 3 * mebibyte}, 0, lookPause},
	} {
		if got, pause := unusedCache(test.before, test.now); got != test.want || pause != test.pause {
			t.Errorf("%s: %d after %v, want %d after %v", test.name, got, pause, test.want, test.pause)
		}
	}
}

// It comes to an end, and soon: 300 MiB are gone within a minute and a half.
func TestUnusedCacheEnds(t *testing.T) {
	now := sample{cache: 300 * mebibyte, limit: 448 * mebibyte}
	var took time.Duration
	for {
		bytes, pause := unusedCache(now, now)
		if bytes == 0 {
			break
		}
		now.cache -= bytes
		took += pause
	}
	if now.cache != 28*mebibyte || took > 90*time.Second {
		t.Errorf("%d MiB left after %v", now.cache/mebibyte, took)
	}
}

func TestUsedCache(t *testing.T) {
	for _, test := range []struct {
		name        string
		before, now sample
		asked, want uint64
	}{
		{"nothing asked", sample{cache: 100}, sample{cache: 100}, 0, 0},
		{"given", sample{cache: 100}, sample{cache: 80}, 20, 0},
		{"kept", sample{cache: 100}, sample{cache: 99}, 20, 99},
		{"still known", sample{cache: 99, used: 99}, sample{cache: 150}, 0, 99},
		{"used less", sample{cache: 150, used: 99}, sample{cache: 40}, 0, 40},
	} {
		if got := usedCache(test.before, test.now, test.asked); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestComputesLittle(t *testing.T) {
	before := sample{at: 10 * time.Second, cpu: time.Second}
	if !computesLittle(before, sample{at: 40 * time.Second, cpu: 2 * time.Second}) {
		t.Error("a second of thirty is little")
	}
	if computesLittle(before, sample{at: 40 * time.Second, cpu: 8 * time.Second}) {
		t.Error("seven seconds of thirty are much")
	}
}

func TestParsePieces(t *testing.T) {
	const content = "Node 0, zone    DMA32      0      2      3     14     11     19     10     11     10      9    104 \n" +
		"Node 0, zone   Normal      1      0      0      0      0      0      0      0      0      7      3 \n"
	if got, want := parsePieces(content), uint64((4+12+112+176+608+640+1408+2560+1)*4096); got != want {
		t.Errorf("%d, want %d", got, want)
	}
	if got := parsePieces("nonsense\n"); got != 0 {
		t.Errorf("%d", got)
	}
}

// What goes wrong once may work the next time.
func TestGoesOnAfterAFailure(t *testing.T) {
	directory := t.TempDir()
	for name, content := range map[string]string{"memory.max": "536870912", "memory.stat": "active_file 0\ninactive_file 314572800\n"} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reclaim := filepath.Join(directory, "memory.reclaim")
	if err := os.Mkdir(reclaim, 0o700); err != nil { // cannot be written
		t.Fatal(err)
	}
	g := &giver{group: cgroup.Group(directory)}
	if pause, err := g.look(); err == nil || pause != lookPause {
		t.Errorf("%v, %v", pause, err)
	}
	if err := os.Remove(reclaim); err != nil {
		t.Fatal(err)
	}
	if pause, err := g.look(); err != nil || pause != givePause {
		t.Errorf("%v, %v", pause, err)
	}
	if asked, err := os.ReadFile(reclaim); err != nil || len(asked) == 0 {
		t.Errorf("%q, %v", asked, err)
	}
}
