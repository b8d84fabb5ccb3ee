package route

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Health is what the calls of late say of a place: how long they took, and whether it
// is fit for any. The zero Health knows of no call, and attracts some: that is how it
// learns. It is safe for concurrent use; of what calls say that end at the same moment,
// some may be lost.
//
// A place that fails is ejected: it gets no calls at all. One that is merely slow
// needs no such thing: the lesser of two loads is chosen, and one draw in [explore]
// sees to it that a slow place is not forgotten.
//
// Times are on [Home.Clock].
type Health struct {
	ns   atomic.Int64 // the average; 0 if nothing is known
	last atomic.Int64 // when it was set

	until  atomic.Int64 // when it may be tried again; 0 if it is not ejected
	failed atomic.Int32 // calls that failed one after the other, of which it is to blame
	times  atomic.Int32 // it was ejected, since it was last found trustworthy
	proven atomic.Int32 // calls that succeeded since it was ejected
}

const (
	// latencyWeight: a call counts for an eighth of what came before,
	//
	//	average += (took - average) × max(1/8, gap/(gap + latencyMemory))
	//
	// and for more after a gap. A place that gets calls all the time has an average
	// that no single call upsets; one that gets one in a while, because it was slow,
	// is soon known for what it has become, however few calls there are.
	latencyWeight = 8
	latencyMemory = time.Second

	// failedLatency is what a failure counts at least: whoever fails at once must
	// not look fast.
	failedLatency = 10 * time.Millisecond

	// worstLatency bounds what failures add up to, so that some dozen successes
	// make up for them.
	worstLatency = time.Minute

	// ejectAfter is how many failures in a row eject a place, which is for
	//
	//	min(minEjection × 2^(times-1), maxEjection) × (0.75 to 1.25)
	//
	// Fewer would eject it for bad luck, more let callers pay for what is known. The
	// spread is so that not all nodes that have ejected a place come back at once.
	// After that one call at a time goes there: returnAfter that succeed bring the
	// place back, one that fails ejects it for longer. trustAfter is how many
	// successes have its past forgotten: a place that comes and goes is out for
	// longer each time.
	ejectAfter  = 5
	returnAfter = 3
	trustAfter  = 100
	minEjection = time.Second
	maxEjection = 30 * time.Second
)

// Verdict is what the end of a call says of where it ran.
type Verdict uint8

// The verdicts.
const (
	NoVerdict Verdict = iota // it would have failed anywhere
	Fine                     // it succeeded
	Failing                  // its function failed, which says little of the place
	GivenUp                  // its caller ended it: it would have taken longer
	Full                     // it was refused because too many run: the place is well, and others should be asked
	Faulty                   // the place is to blame
)

// Ejected reports whether the place gets no calls but probes.
func (h *Health) Ejected() bool { return h.until.Load() != 0 }

// Add adds a call that ended after d, at a moment. A probe is one that an ejected
// place was allowed.
func (h *Health) Add(now int64, d time.Duration, v Verdict, probe bool) {
	switch v {
	case Fine:
		h.works(probe)
		h.average(now, d)
	case Failing:
		h.works(probe)
		if h.ns.Load() == 0 {
			h.average(now, max(d, failedLatency))
		}
	case GivenUp:
		if int64(d) > h.ns.Load() {
			h.average(now, d)
		}
	case Full:
		h.worsen(now, d)
	case Faulty:
		h.worsen(now, d)
		failed := h.failed.Add(1)
		if until := h.until.Load(); probe || until == 0 && failed >= ejectAfter {
			h.eject(now, until)
		}
		return
	}
	if probe {
		h.probed(now)
	}
}

// works notes that the place has run a call.
func (h *Health) works(probe bool) {
	if h.failed.Load() != 0 {
		h.failed.Store(0)
	}
	if h.times.Load() == 0 {
		return
	}
	switch n := h.proven.Add(1); {
	case n == 1 && probe:
		h.ns.Store(0) // how long it took before, or took to fail, is past
	case n >= trustAfter:
		h.times.Store(0)
	case n >= returnAfter:
		h.until.Store(0)
	}
}

// eject has the place get no calls, unless others have seen to that.
func (h *Health) eject(now, until int64) {
	times := h.times.Load() + 1
	if h.until.CompareAndSwap(until, now+ejection(times)) {
		h.times.Store(times)
		h.proven.Store(0)
		h.failed.Store(0)
	}
}

// ejection returns for how long a place is ejected the n-th time.
func ejection(n int32) int64 {
	d := int64(min(minEjection<<min(n-1, 10), maxEjection))
	return d*3/4 + rand.Int64N(d/2+1)
}

// average adds to the average.
func (h *Health) average(now int64, d time.Duration) {
	took := max(int64(d), 1)
	before, gap := h.ns.Load(), now-h.last.Load()
	h.last.Store(now)
	after := took
	switch {
	case before == 0:
	case gap <= int64(latencyMemory)/(latencyWeight-1):
		after = before + (took-before)/latencyWeight
	default:
		after = before + int64(float64(took-before)*float64(gap)/float64(gap+int64(latencyMemory)))
	}
	h.ns.CompareAndSwap(before, max(after, 1)) // one lost among concurrent ones does no harm
}

// worsen doubles the average.
func (h *Health) worsen(now int64, d time.Duration) {
	before := h.ns.Load()
	after := max(2*before, int64(d), int64(failedLatency))
	h.last.Store(now)
	h.ns.CompareAndSwap(before, min(after, int64(worstLatency)))
}

// probe reports whether an ejected place may get a call now. Whoever is told so
// makes that call: for as long as it takes, but not for ever, it is the only one.
func (h *Health) probe(now int64) bool {
	until := h.until.Load()
	return until != 0 && now >= until && h.until.CompareAndSwap(until, now+int64(maxEjection))
}

// probed allows the next probe: this one has ended.
func (h *Health) probed(now int64) {
	if until := h.until.Load(); until > now {
		h.until.CompareAndSwap(until, now)
	}
}
