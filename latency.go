package mpreg

import (
	"sync/atomic"
	"time"
)

// latency is how long calls took lately: an exponentially weighted moving
// average, in which a call counts for an eighth of what came before. The zero
// latency knows of no call, and attracts some: that is how it learns. It is safe
// for concurrent use.
type latency struct{ ns atomic.Int64 }

const latencyWeight = 8

// observe adds a call that succeeded. Failures are left out: a node that fails
// at once would look like the fastest.
func (l *latency) observe(d time.Duration) {
	sample := max(int64(d), 1)
	before := l.ns.Load()
	after := sample
	if before > 0 {
		after = before + (sample-before)/latencyWeight
	}
	l.ns.CompareAndSwap(before, max(after, 1)) // one lost among concurrent ones does no harm
}

// load is what a further call would wait for, roughly, where n run already.
func (l *latency) load(n int64) int64 { return (n + 1) * l.ns.Load() }
