package main

import "runtime/debug"

const (
	// gcPercent: frames are pooled, so the heap is small, and collecting it at every doubling costs throughput.
	gcPercent = 400
	// memoryLimit makes the collector work harder before the process becomes a burden.
	memoryLimit = 512 << 20
)

func tuneMemory() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memoryLimit)
}
