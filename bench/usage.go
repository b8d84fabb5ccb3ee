package main

import (
	"runtime"
	"time"
)

// usage is what the process has used up.
type usage struct {
	mallocs, bytes uint64
	cpu            time.Duration
}

// used returns what the process has used up since it started. It stops all
// goroutines for a moment.
func used() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{m.Mallocs, m.TotalAlloc, cpuTime()}
}

// since returns what was used up after before.
func (u usage) since(before usage) usage {
	return usage{u.mallocs - before.mallocs, u.bytes - before.bytes, u.cpu - before.cpu}
}
