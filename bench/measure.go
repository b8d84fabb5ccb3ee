package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// operation is one call. It checks its answer.
type operation func(context.Context) error

// manyCallers is how many callers share a connection where throughput is measured.
const manyCallers = 64

// measure has callers repeat op until end is closed, each at least once, or until
// one fails. Single calls are timed if there is one caller; with more, the clock
// would be read so often that it shows.
func measure(ctx context.Context, callers int, end <-chan struct{}, op operation) (sample, error) {
	var latencies []time.Duration
	var timed *[]time.Duration
	if callers == 1 {
		latencies = make([]time.Duration, 0, 1<<16)
		timed = &latencies
	}
	var running sync.WaitGroup
	var total atomic.Int64
	var failed atomic.Pointer[error]
	before, start := used(), time.Now()
	for range callers {
		running.Go(func() {
			n, err := repeat(ctx, end, op, timed, &failed)
			total.Add(n)
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	running.Wait()
	s := sample{calls: int(total.Load()), elapsed: time.Since(start), usage: used().since(before)}
	if err := failed.Load(); err != nil {
		return sample{}, *err
	}
	if len(latencies) > 0 {
		slices.Sort(latencies)
		s.p50, s.p99, s.worst = percentile(latencies, 50), percentile(latencies, 99), latencies[len(latencies)-1]
	}
	return s, nil
}

// repeat is one caller. It returns how many calls it has made, and why it ended
// early.
func repeat(ctx context.Context, end <-chan struct{}, op operation, timed *[]time.Duration, failed *atomic.Pointer[error]) (int64, error) {
	for n := int64(1); ; n++ {
		var start time.Time
		if timed != nil {
			start = time.Now()
		}
		if err := op(ctx); err != nil {
			return n, err
		}
		if timed != nil {
			*timed = append(*timed, time.Since(start))
		}
		select {
		case <-end:
			return n, nil
		default:
		}
		if failed.Load() != nil {
			return n, nil // whoever failed tells
		}
	}
}

// after returns a channel that is closed when d has passed.
func after(d time.Duration) <-chan struct{} {
	end := make(chan struct{})
	time.AfterFunc(d, func() { close(end) })
	return end
}
