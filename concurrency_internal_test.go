package mpreg

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// TestNewTurns: what the options mean.
func TestNewTurns(t *testing.T) {
	for _, row := range []struct{ concurrent, queued, most, room int }{
		{1, 0, 1, 4},
		{8, 0, 8, 32},
		{8, 3, 8, 3},
		{8, -1, 8, 0},
		{math.MaxInt, 0, math.MaxInt, math.MaxInt - 3},
	} {
		if got := newTurns(row.concurrent, row.queued); got.most != row.most || got.room != row.room {
			t.Errorf("%d, %d: %d run and %d wait", row.concurrent, row.queued, got.most, got.room)
		}
	}
	for _, n := range []int{0, -1} {
		if f := Func(func() {}, MaxConcurrent(n), MaxQueued(5)); f.turns != nil {
			t.Errorf("MaxConcurrent(%d) is a bound", n)
		}
	}
}

// waiter is somebody who takes a turn.
type waiter struct {
	id     int
	cancel context.CancelFunc
}

// line is the model of turns: who has one, and who waits in which order.
type line struct {
	t       *rapid.T
	turns   *turns
	mu      sync.Mutex
	began   []int         // in their order
	ended   map[int]error // of those that got none
	running []waiter
	waiting []waiter
	next    int
}

// start has somebody new take a turn.
func (l *line) start() {
	w := waiter{id: l.next}
	l.next++
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	go func() {
		err := l.turns.take(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil {
			l.ended[w.id] = err
			return
		}
		l.began = append(l.began, w.id)
	}()
	synctest.Wait()
	switch {
	case len(l.running) < l.turns.most:
		l.running = append(l.running, w)
		l.hasBegun(w)
	case len(l.waiting) < l.turns.room:
		l.waiting = append(l.waiting, w)
	default:
		l.hasEnded(w, ResourceExhausted)
	}
}

// finish ends one that runs, and gives its turn on.
func (l *line) finish(i int) {
	l.running[i].cancel()
	l.running = slices.Delete(l.running, i, i+1)
	l.turns.give()
	synctest.Wait()
	if len(l.waiting) > 0 {
		l.hasBegun(l.waiting[0])
		l.running = append(l.running, l.waiting[0])
		l.waiting = l.waiting[1:]
	}
}

// giveUp has one that waits give up; at the same time as a turn is given if
// racing, of which somebody else has the use then.
func (l *line) giveUp(i int, racing bool) {
	w := l.waiting[i]
	l.waiting = slices.Delete(l.waiting, i, i+1)
	w.cancel()
	if racing && len(l.running) > 0 {
		l.finish(0)
	}
	synctest.Wait()
	l.hasEnded(w, Canceled)
}

func (l *line) hasBegun(w waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.began) == 0 || l.began[len(l.began)-1] != w.id {
		l.t.Fatalf("%d should have begun; in this order they did: %v", w.id, l.began)
	}
}

func (l *line) hasEnded(w waiter, code Code) {
	w.cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := errors.AsType[*Error](l.ended[w.id])
	if !ok || e.Code != code || e.Executed != ExecutedNo {
		l.t.Fatalf("%d ended with %v", w.id, l.ended[w.id])
	}
}

// TestTurnsModel: at most so many run, they begin in the order in which they
// came, who gives up leaves no hole, and one too many is refused at once.
func TestTurnsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		concurrent := rapid.IntRange(1, 3).Draw(r, "concurrent")
		queued := rapid.SampledFrom([]int{-1, 1, 2, 5}).Draw(r, "queued")
		steps := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 60).Draw(r, "steps")
		synctest.Test(t, func(*testing.T) {
			l := &line{t: r, turns: newTurns(concurrent, queued), ended: make(map[int]error)}
			for i, step := range steps {
				switch {
				case step < 5:
					l.start()
				case step < 8 && len(l.running) > 0:
					l.finish(i % len(l.running))
				case step >= 8 && len(l.waiting) > 0:
					l.giveUp(i%len(l.waiting), step == 9)
				}
			}
			for len(l.running) > 0 {
				l.finish(0)
			}
			if l.turns.taken != 0 || l.turns.waiting.Len() != 0 {
				r.Fatalf("%d turns are taken, and %d wait, when all is done", l.turns.taken, l.turns.waiting.Len())
			}
		})
	})
}

// TestTurnAsContextEnds: a turn that comes in the moment in which its context
// ends is used or goes to the next, whichever is first: it is never lost.
func TestTurnAsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := newTurns(1, 5)
		if err := turns.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 200 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			var both sync.WaitGroup
			both.Go(func() {
				if err := turns.take(ctx); err == nil {
					turns.give()
				} else if !errors.Is(err, DeadlineExceeded) {
					t.Errorf("who gave up: %v", err)
				}
			})
			synctest.Wait()
			both.Go(func() {
				if err := turns.take(t.Context()); err != nil {
					t.Errorf("the next: %v", err)
				}
			})
			<-time.After(time.Second)
			turns.give()
			both.Wait()
			cancel()
		}
	})
}
