package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/mpreg/mpreg"
)

// maxOffered bounds the calls of offer that have not ended: a server that answers
// none would otherwise be measured by the memory of its caller.
const maxOffered = 10_000

// journal is how calls ended that were made under load, where some fail.
type journal struct {
	mu      sync.Mutex
	served  []time.Duration // how long each took
	refused int             // at once, by a limit
	failed  int             // in any other way
	why     error           // the first of these
}

// call makes a call and notes its end.
func (j *journal) call(ctx context.Context, op operation) {
	start := time.Now()
	err := op(ctx)
	took := time.Since(start)
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e, _ := errors.AsType[*mpreg.Error](err); {
	case err == nil:
		j.served = append(j.served, took)
	case e != nil && e.Code == mpreg.ResourceExhausted && e.Executed == mpreg.ExecutedNo:
		j.refused++
	default:
		j.failed++
		if j.why == nil {
			j.why = err
		}
	}
}

// sample sums up what was noted in some time.
func (j *journal) sample(elapsed time.Duration) sample {
	s := sample{calls: len(j.served), elapsed: elapsed, refused: j.refused, failed: j.failed}
	if len(j.served) > 0 {
		slices.Sort(j.served)
		s.p50, s.p99, s.worst = percentile(j.served, 50), percentile(j.served, 99), j.served[len(j.served)-1]
	}
	return s
}

// crowd has callers repeat op until end is closed, each at least once, whether
// or not it fails. Each op is that of one caller.
func crowd(ctx context.Context, ops []operation, end <-chan struct{}) (*journal, time.Duration) {
	j := &journal{}
	start := time.Now()
	var running sync.WaitGroup
	for _, op := range ops {
		running.Go(func() {
			for {
				j.call(ctx, op)
				select {
				case <-end:
					return
				case <-ctx.Done():
					return
				default:
				}
			}
		})
	}
	running.Wait()
	return j, time.Since(start)
}

// offer has calls begin at a rate, a second, for some time, whether or not those
// before have ended: so do callers that know nothing of each other. They take turns
// in using ops. It waits for the end of all.
func offer(ctx context.Context, ops []operation, rate float64, span time.Duration) (j *journal, elapsed time.Duration) {
	j = &journal{}
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	var running sync.WaitGroup
	places := make(chan struct{}, maxOffered)
	start := time.Now()
	for begun := 0; ctx.Err() == nil; <-tick.C {
		since := min(time.Since(start), span)
		for due := max(1, int(rate*since.Seconds())); begun < due; begun++ {
			op := ops[begun%len(ops)]
			places <- struct{}{}
			running.Go(func() {
				defer func() { <-places }()
				j.call(ctx, op)
			})
		}
		if since == span {
			break
		}
	}
	running.Wait()
	return j, time.Since(start)
}
