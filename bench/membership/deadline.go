package main

import (
	"sync"
	"time"
)

// deadline is when a read or a write has to end. A timer is made only by who waits
// for it: most operations never do, and connections set deadlines all the time. The
// zero deadline is never.
type deadline struct {
	mu      sync.Mutex
	at      time.Time
	changed chan struct{} // closed when at changes; nil if nobody waits
}

func (d *deadline) set(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = at
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// get returns the deadline, and what is closed when another one is set.
func (d *deadline) get() (at time.Time, changed <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	return d.at, d.changed
}
