package mpreg

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

// durations are how long the calls of functions take, wherever they run, of those
// functions for which somebody has asked. The zero durations are empty. It is safe
// for concurrent use; as long as nobody has asked, adding costs one load.
type durations struct {
	count atomic.Int64

	mu         sync.RWMutex
	byFunction map[string]*quantile
}

// maxTypical bounds the functions of which durations are kept.
const maxTypical = 1024

// add adds how long a call of a function took.
func (t *durations) add(function string, d time.Duration) {
	if t.count.Load() == 0 {
		return
	}
	if q := t.find(function); q != nil {
		q.add(d)
	}
}

func (t *durations) find(function string) *quantile {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byFunction[function]
}

// most returns what 95 % of the calls of a function take less than, as far as they
// were added since it was asked first; 0 if these are too few.
func (t *durations) most(function string) time.Duration {
	if q := t.find(function); q != nil {
		return q.most()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byFunction) < maxTypical && t.byFunction[function] == nil {
		if t.byFunction == nil {
			t.byFunction = make(map[string]*quantile)
		}
		t.byFunction[function] = new(quantile)
		t.count.Add(1)
	}
	return 0
}
