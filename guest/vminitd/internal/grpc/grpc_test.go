package grpc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"berth.dev/vminitd/internal/gen/guestv1"
	"golang.org/x/net/http2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// oneListener gives one connection and then waits.
type oneListener struct {
	connections chan net.Conn
}

func (l oneListener) Accept() (io.ReadWriteCloser, error) {
	accepted, open := <-l.connections
	if !open {
		return nil, net.ErrClosed
	}
	return accepted, nil
}

// connect serves methods on one end of a connection and gives a client of x/net/http2 on the other.
func connect(t *testing.T, methods map[string]Handler) *http2.ClientConn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer()
	for path, handler := range methods {
		server.Handle(path, handler)
	}
	connections := make(chan net.Conn, 1)
	connections <- accepted
	close(connections)
	done := make(chan struct{})
	go func() {
		server.Serve(oneListener{connections: connections})
		close(done)
	}()
	transport := &http2.Transport{AllowHTTP: true}
	conn, err := transport.NewClientConn(client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		<-done
	})
	return conn
}

func framed(t *testing.T, message Message) []byte {
	t.Helper()
	body := make([]byte, message.SizeVT())
	if _, err := message.MarshalToSizedBufferVT(body); err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...)
}

func open(t *testing.T, conn *http2.ClientConn, path string, body io.Reader) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://guest"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/grpc")
	response, err := conn.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func status(response *http.Response) string {
	if value := response.Trailer.Get("Grpc-Status"); value != "" {
		return value
	}
	return response.Header.Get("Grpc-Status")
}

func echo(_ context.Context, request *guestv1.Output) (*guestv1.Output, error) {
	return request, nil
}

// echoAll is a call that sends back every message.
func echoAll(call *Call) error {
	for {
		var message guestv1.Output
		err := call.Receive(&message)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := call.Send(&message); err != nil {
			return err
		}
	}
}

func TestUnaryOfAnySize(t *testing.T) {
	conn := connect(t, map[string]Handler{"/echo": Unary(echo)})
	for _, size := range []int{0, 1, 100, 16 << 10, 1 << 20, 5 << 20} {
		message := framed(t, &guestv1.Output{Data: bytes.Repeat([]byte("x"), size)})
		response := open(t, conn, "/echo", bytes.NewReader(message))
		got, err := io.ReadAll(response.Body)
		if err != nil || !bytes.Equal(got, message) || status(response) != "0" {
			t.Errorf("%d bytes: got %d, status %q, %v", size, len(got), status(response), err)
		}
	}
}

func TestStreamBothWaysAtOnce(t *testing.T) {
	conn := connect(t, map[string]Handler{"/all": echoAll})
	reader, writer := io.Pipe()
	message := framed(t, &guestv1.Output{Data: bytes.Repeat([]byte("y"), 50_000)})
	const count = 200
	go func() {
		for range count {
			writer.Write(message)
		}
		writer.Close()
	}()
	response := open(t, conn, "/all", reader)
	got, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Equal(got, bytes.Repeat(message, count)) || status(response) != "0" {
		t.Errorf("got %d bytes of %d, status %q, %v", len(got), count*len(message), status(response), err)
	}
}

func TestACallThatNobodyReadsStopsNoOther(t *testing.T) {
	release := make(chan struct{})
	conn := connect(t, map[string]Handler{
		"/stuck": func(*Call) error { <-release; return nil },
		"/echo":  Unary(echo),
	})
	for range 8 { // More than the connection's window in all.
		reader, writer := io.Pipe()
		go func() {
			for {
				if _, err := writer.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}()
		defer reader.Close()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://guest/stuck", reader)
		if err != nil {
			t.Fatal(err)
		}
		go conn.RoundTrip(request) // Ends with the test.
	}
	for range 20 {
		response := open(t, conn, "/echo", bytes.NewReader(framed(t, &guestv1.Output{Data: make([]byte, 200_000)})))
		if got, err := io.ReadAll(response.Body); err != nil || len(got) < 200_000 {
			t.Fatalf("got %d bytes, %v", len(got), err)
		}
	}
	close(release)
}

func TestStatusWithDetail(t *testing.T) {
	conn := connect(t, map[string]Handler{"/fail": Unary(func(context.Context, *guestv1.Output) (*guestv1.Output, error) {
		return nil, &Status{Code: NotFound, Message: "100% of “it” is\ngone", Detail: &guestv1.StartFailure{Subject: "why"}, DetailName: "berth.guest.v1.StartFailure"}
	})})
	response := open(t, conn, "/fail", bytes.NewReader(framed(t, &guestv1.Output{Data: nil})))
	if status(response) != "5" {
		t.Errorf("status %q", status(response))
	}
	if got, want := response.Header.Get("Grpc-Message"), "100%25 of %E2%80%9Cit%E2%80%9D is%0Agone"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	packed, err := base64.RawStdEncoding.DecodeString(response.Header.Get("Grpc-Status-Details-Bin"))
	if err != nil {
		t.Fatal(err)
	}
	code, text, detail := parseStatus(t, packed)
	if code != 5 || text != "100% of “it” is\ngone" {
		t.Errorf("details have code %d and message %q", code, text)
	}
	var failure guestv1.StartFailure
	if err := failure.UnmarshalVT(detail.Value); err != nil || failure.Subject != "why" || detail.TypeUrl != "type.googleapis.com/berth.guest.v1.StartFailure" {
		t.Errorf("detail %v, %v", detail, err)
	}
}

// parseStatus reads google.rpc.Status with the general library.
func parseStatus(t *testing.T, packed []byte) (code uint64, text string, detail *anypb.Any) {
	t.Helper()
	detail = &anypb.Any{}
	for len(packed) > 0 {
		number, kind, length := protowire.ConsumeTag(packed)
		if length < 0 {
			t.Fatal(protowire.ParseError(length))
		}
		packed = packed[length:]
		var value []byte
		if kind == protowire.VarintType {
			code, length = protowire.ConsumeVarint(packed)
		} else {
			value, length = protowire.ConsumeBytes(packed)
		}
		if length < 0 {
			t.Fatal(protowire.ParseError(length))
		}
		packed = packed[length:]
		switch number {
		case 2:
			text = string(value)
		case 3:
			if err := proto.Unmarshal(value, detail); err != nil {
				t.Fatal(err)
			}
		}
	}
	return code, text, detail
}

func TestUnknownMethod(t *testing.T) {
	conn := connect(t, nil)
	if got := status(open(t, conn, "/nothing", strings.NewReader(""))); got != "12" {
		t.Errorf("status %q", got)
	}
}

func TestACancelledCallEndsItsHandler(t *testing.T) {
	ended := make(chan error, 1)
	conn := connect(t, map[string]Handler{"/wait": func(call *Call) error {
		<-call.Context().Done()
		ended <- call.Receive(&guestv1.Output{})
		return call.Context().Err()
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	reader, _ := io.Pipe()
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, "http://guest/wait", reader)
	if _, err := conn.RoundTrip(request); err == nil {
		t.Error("the call was answered")
	}
	if err := <-ended; err != context.Canceled {
		t.Errorf("receiving from nobody: %v", err)
	}
}

// speak sends bytes after a good beginning and returns when the server has closed the connection.
func speak(t *testing.T, sent []byte) {
	t.Helper()
	client, accepted := net.Pipe()
	connections := make(chan net.Conn, 1)
	connections <- accepted
	close(connections)
	server := NewServer()
	server.Handle("/echo", Unary(echo))
	go server.Serve(oneListener{connections: connections})
	go io.Copy(io.Discard, client)
	client.SetDeadline(time.Now().Add(5 * time.Second))
	// A server that closes early is what is asked for.
	_, _ = client.Write(append([]byte(preface), sent...))
	client.Close()
}

func FuzzFrames(f *testing.F) {
	f.Add(appendFrameHeader(nil, 0, frameSettings, 0, 0))
	f.Add(append(appendFrameHeader(nil, 3, frameHeaders, flagPadded|flagEndHeaders, 1), 9, 1, 1))
	f.Add(append(appendFrameHeader(nil, 1, frameHeaders, flagPriority|flagEndHeaders, 1), 9))
	f.Add(append(appendFrameHeader(nil, 1, frameHeaders, 0, 1), 0x82))
	f.Add(append(appendFrameHeader(nil, 4, frameData, flagPadded, 7), 255, 0, 0, 0))
	f.Add(append(appendFrameHeader(nil, 6, frameSettings, 0, 0), 0, 4, 255, 255, 255, 255))
	f.Add(append(appendFrameHeader(nil, 4, frameWindowUpdate, 0, 0), 127, 255, 255, 255))
	f.Add(append(appendFrameHeader(nil, 2, frameResetStream, 0, 3), 0, 0))
	f.Add(appendFrameHeader(nil, 1<<20, frameData, 0, 1))
	f.Fuzz(speak)
}
