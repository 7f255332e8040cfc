package stdio

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pipes gives a pipe whose ends are both in Go's poller.
func pipes(t *testing.T) (read, write *os.File) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	read, write = os.NewFile(uintptr(ends[0]), "read"), os.NewFile(uintptr(ends[1]), "write")
	t.Cleanup(func() { read.Close(); write.Close() })
	return read, write
}

func take(output *Output) []byte {
	buffer := make([]byte, RingLimit)
	chunk, _, _ := output.NewReader(0, 0).Next(buffer)
	return chunk.Data
}

func TestDrainTakesWhatWasWrittenAlthoughAnotherProcessHoldsThePipe(t *testing.T) {
	read, write := pipes(t)
	output := NewOutput()
	pump := StartPump(output, Stdout, read)
	want := bytes.Repeat([]byte("x"), 50_000)
	if _, err := write.Write(want); err != nil {
		t.Fatal(err)
	}
	pump.Drain()
	if got := take(output); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	// What holds the pipe still writes to it.
	if _, err := write.Write([]byte("later")); err != nil {
		t.Fatal(err)
	}
	write.Close()
	<-pump.Ended
	if got := take(output); !bytes.HasSuffix(got, []byte("later")) {
		t.Error("what came later is lost")
	}
}

func TestDrainAfterTheEnd(t *testing.T) {
	read, write := pipes(t)
	pump := StartPump(NewOutput(), Stdout, read)
	write.Close()
	<-pump.Ended
	read.Close()
	pump.Drain()
}

func TestInputArrivesInOrderAndIsAccountedFor(t *testing.T) {
	read, write := pipes(t)
	input := NewInput(write, (*os.File).Close)
	consumed := make(chan int, 2)
	input.Write([]byte("one"), func(count int) { consumed <- count })
	input.Write([]byte("three"), func(count int) { consumed <- count })
	input.CloseInput()
	var got bytes.Buffer
	if _, err := got.ReadFrom(read); err != nil || got.String() != "onethree" {
		t.Errorf("%q %v", got.String(), err)
	}
	if first, second := <-consumed, <-consumed; first != 3 || second != 5 {
		t.Errorf("consumed %d, %d", first, second)
	}
}

func TestInputIsDroppedWhenNobodyReads(t *testing.T) {
	read, write := pipes(t)
	input := NewInput(write, (*os.File).Close)
	consumed := make(chan int, 3)
	tell := func(count int) { consumed <- count }
	input.Write(make([]byte, 1<<20), tell) // More than the pipe holds: this write waits.
	input.Write([]byte("ab"), tell)
	read.Close()
	input.End()
	input.Write([]byte("c"), tell)
	if total := <-consumed + <-consumed + <-consumed; total != 1<<20+3 {
		t.Errorf("consumed %d", total)
	}
}

func TestNoInput(t *testing.T) {
	input := NewInput(nil, nil)
	told := 0
	input.Write([]byte("x"), func(count int) { told = count })
	input.CloseInput()
	input.End()
	if told != 1 {
		t.Error("not told")
	}
}
