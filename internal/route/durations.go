package route

import (
	"sync"
	"sync/atomic"
	"time"
)

// Durations are how long the calls of functions take, wherever they run, of those
// functions for which somebody has asked. The zero Durations are empty. It is safe
// for concurrent use; as long as nobody has asked, adding costs one load.
type Durations struct {
	count atomic.Int64

	mu         sync.RWMutex
	byFunction map[string]*quantile
}

// maxTypical bounds the functions of which durations are kept.
const maxTypical = 1024

// Add adds how long a call of a function took.
func (t *Durations) Add(function string, d time.Duration) {
	if t.count.Load() == 0 {
		return
	}
	if q := t.find(function); q != nil {
		q.add(d)
	}
}

func (t *Durations) find(function string) *quantile {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byFunction[function]
}

// Most returns what 95 % of the calls of a function take less than, as far as they
// were added since it was asked first; 0 if these are too few.
func (t *Durations) Most(function string) time.Duration {
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
