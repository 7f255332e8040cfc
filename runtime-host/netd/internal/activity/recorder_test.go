package activity

import (
	"encoding/json"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

var somewhere = netip.MustParseAddr("1.2.3.4")

func TestCountsDistinctAttempts(t *testing.T) {
	r := New(true, nil)
	for range 3 {
		r.Record(somewhere, "example.com", 443, "tcp", true)
	}
	r.Record(somewhere, "example.com", 443, "tcp", false)
	r.Record(netip.Addr{}, "evil.example", 53, "dns", false)
	entries := r.Snapshot()
	if len(entries) != 3 || entries[0].Count != 3 || entries[0].Verdict != Allowed || entries[1].Verdict != Denied {
		t.Fatalf("%+v", entries)
	}
	text, err := json.Marshal(entries[2])
	if err != nil || !strings.HasPrefix(string(text), `{"destination":"","name":"evil.example","port":53,"protocol":"dns","verdict":"denied","count":1,"lastAt":"20`) {
		t.Fatal(string(text), err)
	}
}

func TestRepeatedSynIsOneAttempt(t *testing.T) {
	r := New(true, nil)
	destination, source := netip.AddrPortFrom(somewhere, 443), netip.MustParseAddrPort("10.0.0.2:40000")
	for _, syn := range []Syn{{source, 1}, {source, 1}, {source, 2}, {netip.AddrPortFrom(source.Addr(), 40001), 1}, {source, 1}} {
		r.RecordSyn(syn, destination, "", false)
	}
	r.RecordSyn(Syn{source, 1}, netip.AddrPortFrom(somewhere, 80), "", false)
	entries := r.Snapshot()
	if len(entries) != 2 || entries[0].Count != 3 || entries[0].Protocol != "tcp" || entries[1].Count != 1 {
		t.Fatalf("%+v", entries)
	}
	for n := range uint32(10 * rememberedSyns) {
		r.RecordSyn(Syn{source, 100 + n}, destination, "", false)
		r.RecordSyn(Syn{source, 100 + n}, destination, "", false)
	}
	if count := r.Snapshot()[0].Count; count != 3+10*rememberedSyns {
		t.Fatal(count)
	}
}

func TestOpenKeepsOnlyDenials(t *testing.T) {
	r := New(false, nil)
	r.Record(somewhere, "", 443, "tcp", true)
	r.Record(somewhere, "", 22, "tcp", false)
	if entries := r.Snapshot(); len(entries) != 1 || entries[0].Port != 22 {
		t.Fatalf("%+v", entries)
	}
	r.KeepAllowed(true)
	r.Record(somewhere, "", 443, "tcp", true)
	if entries := r.Snapshot(); len(entries) != 2 {
		t.Fatalf("%+v", entries)
	}
}

func TestChangedGivesEachChangeOnce(t *testing.T) {
	woken := 0
	r := New(true, func() { woken++ })
	r.Record(somewhere, "", 1, "tcp", true)
	r.Record(somewhere, "", 1, "tcp", true)
	r.Record(somewhere, "", 2, "tcp", true)
	if changed := r.Changed(); len(changed) != 2 || changed[0].Count != 2 || woken != 2 {
		t.Fatalf("%+v, woken %d times", changed, woken)
	}
	if changed := r.Changed(); len(changed) != 0 {
		t.Fatalf("%+v", changed)
	}
	r.Record(somewhere, "", 2, "tcp", true)
	if changed := r.Changed(); len(changed) != 1 || changed[0].Count != 2 || woken != 3 {
		t.Fatalf("%+v, woken %d times", changed, woken)
	}
}

func TestIsBoundedAndCountsTheRest(t *testing.T) {
	r := New(true, nil)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for port := range uint16(1000) {
				r.Record(somewhere, "", port+uint16(worker)*1000, "udp", false)
			}
		})
	}
	all.Wait()
	r.Record(netip.IPv6Unspecified(), "", 1, "udp", false)
	if len(r.Snapshot()) != maxEntries || r.Missed() != 3001 {
		t.Fatalf("%d entries, %d missed", len(r.Snapshot()), r.Missed())
	}
	known := r.Snapshot()[0]
	r.Record(somewhere, "", known.Port, "udp", false)
	if r.Snapshot()[0].Count != 2 || r.Missed() != 3001 {
		t.Fatal("what is kept goes on being counted")
	}
}
