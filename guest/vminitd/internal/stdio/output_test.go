package stdio

import (
	"bytes"
	"testing"
	"time"
)

// follow reads a stream to its end.
func follow(t *testing.T, reader *Reader, stream Stream, got chan<- []byte) {
	var all []byte
	buffer := make([]byte, 1000)
	for {
		chunk, ok, done := reader.Next(buffer)
		switch {
		case ok && chunk.Stream == stream:
			if int(chunk.Offset) != len(all) {
				t.Errorf("chunk at %d, want %d", chunk.Offset, len(all))
			}
			all = append(all, chunk.Data...)
			reader.Sent()
		case ok:
			reader.Sent()
		case done:
			got <- all
			return
		default:
			<-reader.Ready
		}
	}
}

func TestOutputReachesEveryReaderInOrder(t *testing.T) {
	output := NewOutput()
	got := make(chan []byte)
	for range 3 {
		go follow(t, output.NewReader(0, 0), Stdout, got)
	}
	var want []byte
	for i := range 5000 {
		piece := bytes.Repeat([]byte{byte(i)}, 700)
		output.Write(Stdout, piece)
		want = append(want, piece...)
	}
	output.Finish()
	for range 3 {
		if all := <-got; !bytes.Equal(all, want) {
			t.Errorf("a reader got %d bytes of %d", len(all), len(want))
		}
	}
}

// writes tells when a write that may have to wait is over.
func writes(output *Output, count int) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		output.Write(Stderr, make([]byte, count))
		close(done)
	}()
	return done
}

func mustWait(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
		t.Fatal("the write did not wait")
	case <-time.After(30 * time.Millisecond): // Nothing happens: there is no event to wait for.
	}
}

func TestWriterWaitsForAcknowledgement(t *testing.T) {
	output := NewOutput()
	output.Acknowledge(0, 0)
	reader := output.NewReader(0, 0)
	output.Write(Stderr, make([]byte, RingLimit))
	done := writes(output, 10)
	mustWait(t, done)
	reader.Next(make([]byte, RingLimit))
	reader.Sent() // Reading is not storing.
	mustWait(t, done)
	output.Acknowledge(0, 10)
	<-done
}

func TestWithoutAcknowledgementTheSlowestReaderSetsThePace(t *testing.T) {
	output := NewOutput()
	fast, slow := output.NewReader(0, 0), output.NewReader(0, 0)
	output.Write(Stderr, make([]byte, RingLimit))
	done := writes(output, 10)
	fast.Next(make([]byte, RingLimit))
	fast.Sent()
	mustWait(t, done)
	slow.Next(make([]byte, 5))
	slow.Sent()
	mustWait(t, done)
	slow.Close()
	<-done
}

func TestNobodyReadsWhatIsKept(t *testing.T) {
	output := NewOutput()
	reader := output.NewReader(0, 0)
	output.Write(Stderr, make([]byte, RingLimit))
	reader.Close()
	done := writes(output, 1)
	mustWait(t, done)
	output.Discard()
	<-done
}

func TestReaderBeginsWhereItIsTold(t *testing.T) {
	output := NewOutput()
	output.Write(Stdout, []byte("0123456789"))
	output.Finish()
	reader := output.NewReader(4, 99)
	chunk, ok, _ := reader.Next(make([]byte, 100))
	if !ok || chunk.Offset != 4 || string(chunk.Data) != "456789" {
		t.Errorf("%+v %v", chunk, ok)
	}
	if _, ok, done := reader.Next(make([]byte, 100)); ok || !done {
		t.Error("not done")
	}
}
