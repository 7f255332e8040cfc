// Makes system calls by their numbers, without any library that knows better, and prints how each ended:
//
//	systemCalls NUMBER[,ARGUMENT…]…    a line for each: "ok", or the number of the error
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

func main() {
	for _, call := range os.Args[1:] {
		var words [7]uintptr
		for i, text := range strings.Split(call, ",") {
			number, err := strconv.ParseInt(text, 0, 64)
			if err != nil {
				panic(err)
			}
			words[i] = uintptr(number)
		}
		_, _, errno := syscall.RawSyscall6(words[0], words[1], words[2], words[3], words[4], words[5], words[6])
		if errno == 0 {
			fmt.Println("ok")
		} else {
			fmt.Println(int(errno))
		}
	}
}
