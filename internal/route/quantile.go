package route

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// quantile estimates what most durations of late are below: a histogram, four
// buckets to each doubling, so that it is at most a quarter too high and never too
// low. What is older than some hundred durations fades. The zero quantile is empty. It
// is safe for concurrent use, and allocates nothing.
type quantile struct {
	total   atomic.Int64
	buckets [128]atomic.Uint32
	fading  sync.Mutex // of who halves the buckets
}

const (
	bucketUnit  = 256 // ns: all below four of them is one bucket
	fadeAfter   = 512 // durations: all count half then
	enoughToSay = 20  // durations: of fewer, none is the one in twenty
)

// bucket returns where a duration belongs.
func bucket(d time.Duration) int {
	v := max(uint64(max(d, 0))/bucketUnit, 4)
	octave := bits.Len64(v) - 3
	return min(octave*4+int(v>>octave)-4, len(quantile{}.buckets)-1)
}

// bucketEnd returns what all durations of a bucket are below.
func bucketEnd(i int) time.Duration {
	return time.Duration((4+uint64(i%4)+1)<<(i/4)) * bucketUnit
}

// add adds a duration.
func (q *quantile) add(d time.Duration) {
	q.buckets[bucket(d)].Add(1)
	if q.total.Add(1) >= fadeAfter && q.fading.TryLock() {
		defer q.fading.Unlock()
		q.fade()
	}
}

func (q *quantile) fade() {
	for i := range q.buckets {
		half := q.buckets[i].Load() / 2
		q.buckets[i].Add(-half)
		q.total.Add(-int64(half))
	}
}

// most returns what 95 % of the durations are below, 0 if too few are known.
func (q *quantile) most() time.Duration {
	total := q.total.Load()
	if total < enoughToSay {
		return 0
	}
	rest := total / 20 // that may be above
	for i := len(q.buckets) - 1; i > 0; i-- {
		if rest -= int64(q.buckets[i].Load()); rest < 0 {
			return bucketEnd(i)
		}
	}
	return bucketEnd(0)
}
