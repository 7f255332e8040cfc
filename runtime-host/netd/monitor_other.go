//go:build !linux

package main

// quietMonitor can do nothing here.
func quietMonitor() {}
