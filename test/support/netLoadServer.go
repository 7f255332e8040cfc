package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	packets, err := net.ListenPacket("udp", listener.Addr().String())
	if err != nil {
		return err
	}
	go echoPackets(packets)
	fmt.Println(listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(connection.(*net.TCPConn))
	}
}

func echoPackets(packets net.PacketConn) {
	buffer := make([]byte, 1<<16)
	for {
		length, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		// A client that has gone needs no answer.
		_, _ = packets.WriteTo(buffer[:length], from)
	}
}

// answer serves one connection; what fails on it the client sees.
func answer(connection *net.TCPConn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, bufferBytes)
	line, err := reader.ReadString('\n')
	if err != nil {
		return
	}
	var task string
	var count int64
	_, _ = fmt.Sscan(line, &task, &count)
	switch task {
	case "sink":
		received, _ := drain(reader)
		fmt.Fprintln(connection, received)
	case "source":
		_ = send(connection, count)
	case "echo":
		_, _ = io.Copy(connection, reader)
	case "answer":
		request, response := make([]byte, requestBytes), make([]byte, count)
		for {
			if _, err := io.ReadFull(reader, request); err != nil {
				return
			}
			if _, err := connection.Write(response); err != nil {
				return
			}
		}
	}
}

// ask sends requests of 128 bytes, on each connection the next one when the answer has come.
func ask(address string, duration time.Duration, connections int, answerBytes int64) error {
	var asked atomic.Int64
	failures := make([]error, connections)
	var group sync.WaitGroup
	started := time.Now()
	for index := range connections {
		group.Go(func() { failures[index] = askUntil(address, started.Add(duration), answerBytes, &asked) })
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	fmt.Println(float64(asked.Load()) / time.Since(started).Seconds())
	return nil
}

func askUntil(address string, end time.Time, answerBytes int64, asked *atomic.Int64) error {
	connection, err := open(address, fmt.Sprint("answer ", answerBytes))
	if err != nil {
		return err
	}
	defer connection.Close()
	request, response := make([]byte, requestBytes), make([]byte, answerBytes)
	for time.Now().Before(end) {
		if _, err := connection.Write(request); err != nil {
			return err
		}
		if _, err := io.ReadFull(connection, response); err != nil {
			return err
		}
		asked.Add(1)
	}
	return nil
}
