package main

import (
	"runtime"
	"time"
)

// usage is what the process has and has used up.
type usage struct {
	at         time.Time
	cpu        time.Duration // since it started
	sent       int64         // bytes on the network
	goroutines int
	heap       uint64 // bytes that are reachable
}

// used collects all garbage, which takes its time, and looks.
func used(n *network) usage {
	runtime.GC()
	runtime.GC() // what is in a sync.Pool survives the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	u.sent, u.cpu, u.at = n.sent.Load(), cpuTime(), time.Now()
	return u
}
