package mpreg

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// hedgeAfter returns after how long a second attempt is to be made of a command that
// is about to be run at f, 0 for never.
func (c *cluster) hedgeAfter(call *callContext, q *query, f choice) time.Duration {
	switch {
	case !q.hedge, q.Hops > 0, call.emit != nil, !c.idempotent(q, f):
		return 0
	case q.after > 0:
		return q.after
	default:
		return c.typical.Most(q.Function)
	}
}

// race runs a command at first and, if that takes longer than after, at another
// place too. Whatever succeeds first is returned, and the other attempt is canceled;
// of two failures the one that came last. A second attempt is a retry: it is not made
// if there are too many of these. It says where attempts were made, too.
//
// An attempt that was canceled need not heed that: the execution waits for it when it
// has answered, so that no caller does.
func (c *cluster) race(call *callContext, q query, first choice, after time.Duration) (a trial, tried []*route.Node) {
	r := race{cluster: c, call: call, query: &q, ended: make(chan trial, 2)} // room for both: neither waits for who reads
	r.begin(0, first)
	tried = []*route.Node{first.Place.Node}
	defer r.racers[0].cancel()
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case a = <-r.ended:
		return a, tried
	case <-timer.C:
	}
	second, err := c.choose(&q, tried)
	if err != nil {
		return <-r.ended, tried
	}
	if call.Err() != nil || !c.idempotent(&q, second) || !c.retries.Spend() {
		second.Skip(c.clock())
		return <-r.ended, tried
	}
	call.handed(second)
	r.begin(1, second)
	defer r.racers[1].cancel()
	return r.outcome(), append(tried, second.Place.Node)
}

// race is two attempts at once.
type race struct {
	cluster *cluster
	call    *callContext
	query   *query
	ended   chan trial
	won     atomic.Bool // one has succeeded
	racers  [2]racer
}

type racer struct {
	choice choice
	start  time.Time
	cancel context.CancelFunc
	ended  chan struct{} // closed when it has
}

// begin starts an attempt.
func (r *race) begin(i int, f choice) {
	ctx, cancel := context.WithCancel(r.call.Context)
	ended := make(chan struct{})
	r.racers[i] = racer{f, time.Now(), cancel, ended}
	call := r.call.apart(ctx)
	exec := r.call.exec
	exec.straggling.Add(1)
	exec.stragglers.Go(func() {
		a := trial{choice: f, err: errGoexit}
		defer close(ended)
		defer func() {
			exec.straggling.Add(-1)
			r.ended <- a
		}()
		a = r.cluster.try(call, call, r.query, f)
		if a.err == nil && !r.won.CompareAndSwap(false, true) {
			if held := wire.LeaseOf(a.value); held != nil {
				r.cluster.release(held) // nobody will use it
			}
			a.value, a.err = Value{}, newError(Canceled, ExecutedYes, "another attempt was faster")
		}
	})
}

// outcome returns the first success of two, or the last failure.
func (r *race) outcome() trial {
	a := <-r.ended
	if a.err == nil {
		for i := range r.racers {
			if other := &r.racers[i]; other.choice != a.choice {
				r.cluster.typical.Add(r.query.Function, time.Since(other.start)) // it would have taken longer than this
				r.beaten(other)
			}
		}
		return a
	}
	b := <-r.ended
	if b.err != nil {
		b.err = following(a.err, b.err)
	}
	return b
}

// beaten cancels the slower attempt. Nobody waits for it any more: a function of this
// node that ignores that is reported.
func (r *race) beaten(other *racer) {
	other.cancel()
	if other.choice.Place.Node != &r.cluster.self.node {
		return // its node does
	}
	exec := r.call.exec
	returned := exec.node.ignored.watch(r.query.Function, exec.request.U)
	exec.stragglers.Go(func() {
		<-other.ended
		returned()
	})
}

// apart returns a copy of a command's context for an attempt of its own. Interceptors
// may change what they are given.
func (c *callContext) apart(ctx context.Context) *callContext {
	inv := c.invocation
	inv.Args, inv.Kwargs, inv.Headers = slices.Clone(inv.Args), maps.Clone(inv.Kwargs), maps.Clone(inv.Headers)
	return &callContext{Context: ctx, exec: c.exec, index: c.index, invocation: inv, splices: c.splices}
}
