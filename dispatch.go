package mpreg

import (
	"context"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// maxAttempts bounds how many nodes are tried for a call that surely did not
// start at those before.
const maxAttempts = 4

// run runs a command on a node that offers its function and all its locs. What
// surely did not start at one is tried at another, as is what may have, of an
// idempotent function whose node is gone.
func (c *cluster) run(ctx context.Context, call *callContext, q query) (Value, error) {
	if q.Hops > 0 {
		return c.attempts(ctx, call, &q)
	}
	c.retries.Earn()
	if q.wait {
		return c.await(ctx, call, q)
	}
	return c.attempts(ctx, call, &q)
}

// attempts is run for those that don't wait for a route.
func (c *cluster) attempts(ctx context.Context, call *callContext, q *query) (Value, error) {
	var tried []*route.Node // grows when an attempt fails: most calls need none
	var failure error
	most := maxAttempts
	if q.Hops > 0 {
		most = 1 // who passed it on tries others: if each node did, attempts would multiply
	}
	for n := range most {
		f, err := c.choose(q, tried)
		if err != nil {
			if failure == nil {
				failure = err
			}
			break
		}
		if failure != nil && !c.affords(failure) {
			f.Skip(c.clock())
			failure = exhausted(asError(failure))
			break
		}
		call.handed(f)
		var a trial
		if after := c.hedgeAfter(call, q, f); n == 0 && after > 0 {
			a, tried = c.race(call, *q, f, after)
		} else {
			if a = c.try(ctx, call, q, f); a.err != nil {
				tried = append(tried, f.Place.Node)
			}
		}
		if a.err == nil {
			call.ran = a.choice
			call.handed(a.choice) // of two attempts it was this
			return a.value, nil
		}
		failure = following(failure, a.err)
		if ctx.Err() != nil || !c.again(call, q, a) {
			break
		}
	}
	return Value{}, failure
}

// trial is one attempt at running a command: where, and how it ended.
type trial struct {
	choice choice
	value  Value
	err    error
}

// try runs a command at f, which gets to know how that went.
func (c *cluster) try(ctx context.Context, call *callContext, q *query, f choice) trial {
	a := trial{choice: f, err: errGoexit} // unless it returns
	start := time.Now()
	defer func() {
		end := time.Now()
		took := end.Sub(start)
		f.Place.Health.Add(int64(end.Sub(c.self.started))+1, took, judge(a.err), f.Probe)
		if a.err == nil && q.Hops == 0 {
			c.typical.Add(q.Function, took)
		}
	}()
	a.value, a.err = f.Place.Run(ctx, call, *q)
	return a
}

// errGoexit is the end of an attempt whose function has ended its goroutine.
var errGoexit error = newError(Internal, ExecutedYes, "a function ended its goroutine instead of returning")

// affords reports whether one more attempt may be made. Only being sent on by a node
// that no longer has the function is free: no node is in trouble there.
func (c *cluster) affords(failure error) bool {
	return asError(failure).Code == NotFound || c.retries.Spend()
}

// detailRetryBudget says of a failure that it was not tried elsewhere, and why.
const detailRetryBudget = "retry_budget"

// exhausted returns a failure of which no other attempt is made because there were
// too many of late.
func exhausted(e *Error) *Error {
	c := e.with(detailRetryBudget, "exhausted")
	c.Message += "; it was not tried elsewhere, because the retry budget is exhausted: too many calls fail"
	return c
}

// following returns the failure of an attempt that followed another: what may have run in
// the one may have run in both.
func following(before, failure error) error {
	if before == nil || asError(before).Executed == ExecutedNo {
		return failure
	}
	e := asError(failure)
	if e.Executed != ExecutedNo {
		return failure
	}
	c := *e
	c.Executed = ExecutedMaybe
	return &c
}

// again reports whether a command may be run elsewhere after an attempt.
func (c *cluster) again(call *callContext, q *query, a trial) bool {
	if call.emitted.Load() > 0 {
		return false // the caller has a part of it
	}
	e := asError(a.err)
	if e.Executed != ExecutedYes && e.Details[detailLostResult] != nil || e.Details[detailIdempotent] == false {
		return false
	}
	return elsewhere(e) || lost(e) && c.idempotent(q, a.choice)
}

// detailIdempotent is false in the error of a call of which who ran it had not said
// that it may run twice, though others of the same name have.
const detailIdempotent = "idempotent"

// idempotent reports whether the command may run twice, as far as f says.
func (c *cluster) idempotent(q *query, f choice) bool {
	return f.Place.Idempotent || c.self.builtins.has(q.Function) // all of those are
}

// elsewhere reports whether a call that failed surely did not start, and may
// start at another node.
func elsewhere(err error) bool {
	e := asError(err)
	if e.Executed != ExecutedNo {
		return false
	}
	switch e.Code {
	case Unavailable, NotFound:
		return true
	case ResourceExhausted:
		limit, _ := e.Details[wire.DetailLimit].(string)
		return slices.Contains([]string{"in_flight", "in_flight_per_link", "in_flight_bytes", "max_concurrent", "calls_per_link", limitLargeFrames}, limit)
	default:
		return false
	}
}

// lost reports whether nobody knows if a call ran, because its node is gone.
func lost(err error) bool {
	e := asError(err)
	return e.Code == Unavailable && e.Executed == ExecutedMaybe
}

// judge returns what the end of a call says of where it ran. What a function has
// returned is its own matter, whatever the code; but for panics.
func judge(err error) route.Verdict {
	if err == nil {
		return route.Fine
	}
	e := asError(err)
	switch e.Code {
	case InvalidRequest, InvalidArgument, Unauthenticated, PermissionDenied, WrongCluster:
		return route.NoVerdict
	case Canceled, DeadlineExceeded:
		return route.GivenUp
	case NotFound:
		if e.Executed == ExecutedNo {
			return route.NoVerdict // it was withdrawn: nothing ran
		}
	case Internal:
		if e.Details["cause"] == nil { // else of a call that the function made
			return route.Faulty
		}
	case ResourceExhausted:
		if e.Executed != ExecutedYes {
			return route.Full
		}
	case Unavailable:
		switch {
		case e.Executed == ExecutedYes:
		case e.Details[detailLostResult] != nil:
			return route.NoVerdict
		default:
			return route.Faulty
		}
	}
	return route.Failing
}
