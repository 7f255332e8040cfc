// What a container serves in tests of connections, in Go so that BusyBox images can run it.
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

// webPeer fetch URL…: prints what is there. webPeer ADDRESS: only listens there. Without either: HTTP/1.1, HTTP/2 without TLS and WebSocket on 127.0.0.1:8080, echoes on 127.0.0.1:8081, [::1]:8082 and /run/echo.sock.
func main() {
	if len(os.Args) > 2 && os.Args[1] == "fetch" {
		for _, url := range os.Args[2:] {
			answer, err := http.Get(url)
			fail(err)
			io.Copy(os.Stdout, answer.Body)
			answer.Body.Close()
		}
		return
	}
	if len(os.Args) > 1 {
		listener, err := net.Listen("tcp", os.Args[1])
		fail(err)
		echo(listener)
	}
	for _, address := range [][2]string{{"tcp4", "127.0.0.1:8081"}, {"tcp6", "[::1]:8082"}, {"unix", "/run/echo.sock"}} {
		listener, err := net.Listen(address[0], address[1])
		fail(err)
		go echo(listener)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("x-protocol", r.Proto)
		io.Copy(w, r.Body)
	})
	mux.HandleFunc("/socket", webSocket)
	server := http.Server{Handler: mux, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	listener, err := net.Listen("tcp4", "127.0.0.1:8080")
	fail(err)
	fmt.Println("listening")
	fail(server.Serve(listener))
}

func echo(listener net.Listener) {
	for {
		c, err := listener.Accept()
		fail(err)
		go func() {
			defer c.Close()
			io.Copy(c, c)
		}()
	}
}

// webSocket echoes messages that are one frame each (RFC 6455, 5.2).
func webSocket(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	c, both, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	for echoFrame(both.Reader, c) == nil {
	}
}

func echoFrame(from *bufio.Reader, to io.Writer) error {
	var head [2]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return err
	}
	length := uint64(head[1] & 0x7f)
	answer := []byte{head[0], head[1] & 0x7f}
	if size := map[uint64]int{126: 2, 127: 8}[length]; size > 0 {
		var wide [8]byte
		if _, err := io.ReadFull(from, wide[8-size:]); err != nil {
			return err
		}
		length = binary.BigEndian.Uint64(wide[:])
		answer = append(answer, wide[8-size:]...)
	}
	payload := make([]byte, 4+length)
	if _, err := io.ReadFull(from, payload); err != nil {
		return err
	}
	for i := range payload[4:] {
		payload[4+i] ^= payload[i%4]
	}
	_, err := to.Write(append(answer, payload[4:]...))
	return err
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
