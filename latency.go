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

// observe adds a call that succeeded.
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

const (
	// failedLatency is what a failure counts at least: whoever fails at once must
	// not look fast.
	failedLatency = 10 * time.Millisecond

	// worstLatency bounds what failures add up to, so that some dozen successes
	// make up for them.
	worstLatency = time.Minute
)

// fail adds a call that failed. The node is to blame for some failures, and then
// its average doubles. What a function itself returned says little of its node:
// it is not taken for fast, and that is all.
func (l *latency) fail(d time.Duration, blamed bool) {
	before := l.ns.Load()
	after := max(before, int64(d), int64(failedLatency))
	switch {
	case blamed:
		after = max(after, 2*before)
	case before > 0:
		return
	}
	l.ns.CompareAndSwap(before, min(after, int64(worstLatency)))
}
