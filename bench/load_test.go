package main

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
)

func TestJournal(t *testing.T) {
	boom := errors.New("boom")
	refusal := &mpreg.Error{Code: mpreg.ResourceExhausted, Executed: mpreg.ExecutedNo}
	j := &journal{}
	for _, err := range []error{
		nil, refusal, boom, refusal, nil, nil,
		&mpreg.Error{Code: mpreg.ResourceExhausted, Executed: mpreg.ExecutedYes}, // its result was too large
		&mpreg.Error{Code: mpreg.Unavailable, Executed: mpreg.ExecutedNo},
	} {
		j.call(t.Context(), func(context.Context) error { return err })
	}
	s := j.sample(2 * time.Second)
	if s.calls != 3 || s.refused != 2 || s.failed != 3 {
		t.Errorf("%d served, %d refused, %d failed; want 3, 2, 3", s.calls, s.refused, s.failed)
	}
	if asked(s) != 4 || refused(s) != 1 || rate(s) != 1.5 {
		t.Errorf("a second: %v asked for, %v refused, %v served; want 4, 1, 1.5", asked(s), refused(s), rate(s))
	}
	if !errors.Is(j.why, boom) {
		t.Errorf("the first failure is %v, want %v", j.why, boom)
	}
	if s.p50 <= 0 || s.p50 > s.p99 || s.p99 > s.worst {
		t.Errorf("p50 %v, p99 %v, worst %v", s.p50, s.p99, s.worst)
	}
}

// TestOffer: calls begin though none has ended, as many as the rate says.
func TestOffer(t *testing.T) {
	const calls = 50
	var begun [2]atomic.Int64
	var total atomic.Int64
	all := make(chan struct{})
	operationOf := func(i int) operation {
		return func(ctx context.Context) error {
			begun[i].Add(1)
			if total.Add(1) == calls {
				close(all)
			}
			select {
			case <-all:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	j, elapsed := offer(ctx, []operation{operationOf(0), operationOf(1)}, calls*100, 10*time.Millisecond)
	if s := j.sample(elapsed); s.calls != calls || s.failed != 0 {
		t.Errorf("%d calls were served, %d failed, %v; want %d", s.calls, s.failed, j.why, calls)
	}
	if a, b := begun[0].Load(), begun[1].Load(); a != calls/2 || b != calls/2 {
		t.Errorf("%d calls of the first, %d of the second: want them to take turns", a, b)
	}
}

func TestCrowd(t *testing.T) {
	end := make(chan struct{})
	var a, b atomic.Int64
	j, elapsed := crowd(t.Context(), []operation{
		func(context.Context) error {
			if a.Add(1) == 10 {
				close(end)
			}
			return nil
		},
		func(context.Context) error { b.Add(1); return errors.New("no") },
	}, end)
	s := j.sample(elapsed)
	if s.calls < 10 || s.calls != int(a.Load()) || s.failed < 1 || s.failed != int(b.Load()) {
		t.Errorf("%d served of %d, %d failed of %d", s.calls, a.Load(), s.failed, b.Load())
	}
}

func TestHeapWatch(t *testing.T) {
	var w heapWatch
	if got := w.end(); got != 0 {
		t.Errorf("%d bytes before it began", got)
	}
	w.begin()
	data := make([]byte, 64<<20)
	w.begin() // starts anew
	data[0] = 1
	w.note(1)
	if got := w.end(); got < uint64(len(data)) {
		t.Errorf("%d bytes at most, and %d are on the heap", got, len(data))
	}
	data[1] = 1
}

func TestShareOf(t *testing.T) {
	for _, row := range []struct {
		before, after []int64
		want          float64
	}{
		{[]int64{0, 0, 0}, []int64{0, 0, 0}, 0},
		{[]int64{5, 0, 0}, []int64{6, 1, 2}, 0.25},
		{[]int64{5, 1, 2}, []int64{5, 9, 3}, 0},
		{[]int64{0, 1, 2}, []int64{7, 1, 2}, 1},
	} {
		if got := shareOf(row.before, row.after); got != row.want {
			t.Errorf("from %v to %v: %v, want %v", row.before, row.after, got, row.want)
		}
	}
}
