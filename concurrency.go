package mpreg

import (
	"container/list"
	"context"
	"math"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// MaxConcurrent bounds the calls of the function that run at a time on this
// node. As many as [MaxQueued] says wait for their turn; one more is refused at
// once with [ResourceExhausted], and can be tried at another node. A stream runs
// until its iteration has ended. A Function that is registered several times has
// one bound for all. n < 1 means no bound, as is the default.
//
// A function that calls itself, directly or through others, may come to wait for
// its own end: give its calls a deadline, or the function no queue.
func MaxConcurrent(n int) FuncOption {
	return funcOption(func(f *Function) { f.maxConcurrent = n })
}

// MaxQueued bounds the calls that wait while [MaxConcurrent] run, in the order in
// which they came and no longer than their context lives: one that gives up was
// not executed. 0, the default, is four times MaxConcurrent; a negative n is
// none. A long queue rides out a burst; under lasting overload it makes all calls
// late that could have run elsewhere. Without MaxConcurrent it means nothing.
func MaxQueued(n int) FuncOption {
	return funcOption(func(f *Function) { f.maxQueued = n })
}

// queueFactor is how many calls wait for each that runs, unless MaxQueued says
// otherwise: most calls then start within four times what one takes.
const queueFactor = 4

// newTurns returns nil if nothing is bounded.
func newTurns(concurrent, queued int) *turns {
	if concurrent < 1 {
		return nil
	}
	if queued == 0 {
		queued = queueFactor * min(concurrent, math.MaxInt/queueFactor)
	}
	return &turns{most: concurrent, room: max(queued, 0)}
}

// turns are what those have to take who run at most so many at a time. It is
// safe for concurrent use.
type turns struct {
	most int // turns
	room int // for those that wait

	mu      sync.Mutex
	taken   int
	waiting list.List // of chan struct{}, closed when it is its turn; empty unless all are taken
}

// take waits for a turn, behind those that wait already. It fails at once if
// there are too many of them, and when ctx ends, which is never begun then.
func (t *turns) take(ctx context.Context) error {
	t.mu.Lock()
	if t.taken < t.most {
		t.taken++
		t.mu.Unlock()
		return nil
	}
	if t.waiting.Len() >= t.room {
		t.mu.Unlock()
		return t.full()
	}
	turn := make(chan struct{})
	place := t.waiting.PushBack(turn)
	t.mu.Unlock()
	select {
	case <-turn:
	case <-ctx.Done():
	}
	if ctx.Err() == nil {
		return nil
	}
	if !t.withdraw(place, turn) {
		t.give() // it came at the same time, and somebody else can use it
	}
	return endError(ctx, ExecutedNo)
}

// withdraw removes one that waits, and reports whether it still did.
func (t *turns) withdraw(place *list.Element, turn chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-turn:
		return false
	default:
		t.waiting.Remove(place)
		return true
	}
}

// give passes a turn on to who has waited longest.
func (t *turns) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.waiting.Front()
	if first == nil {
		t.taken--
		return
	}
	turn, _ := t.waiting.Remove(first).(chan struct{})
	close(turn)
}

func (t *turns) full() error {
	e := newError(ResourceExhausted, ExecutedNo,
		"the node runs %d calls of this function already and %d wait, which are its bounds: try again, or elsewhere", t.most, t.room)
	e.Details = map[string]any{wire.DetailLimit: "max_concurrent", wire.DetailMax: int64(t.most), "queued": int64(t.room)}
	return e
}
