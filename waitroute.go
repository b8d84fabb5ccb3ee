package mpreg

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// waitError is the error of a command that waited for a node that could run it
// until its context ended; missing says what there was not.
func waitError(ctx context.Context, missing *Error) *Error {
	e := endError(ctx, ExecutedNo)
	if _, ours := errors.AsType[*endReason](endCause(ctx)); ours {
		e.Message += "; the call waited for a node that could run it: " + missing.Message
	} else {
		e.Message = "no node that could run the call came in time: " + missing.Message
	}
	e.Command, e.Function, e.Details = missing.Command, missing.Function, missing.Details
	return e
}

// The pauses before a call that waits for a route is tried again though nothing has
// changed: its nodes may be reached by then. Each is twice the one before, and spread.
const (
	minAwait = 250 * time.Millisecond
	maxAwait = 2 * time.Second
)

// await is run for a command that waits for a node that can run it, as long as its
// context lets.
func (c *cluster) await(ctx context.Context, call *callContext, q query) (Value, error) {
	v, err := c.attempts(ctx, call, &q)
	if !awaitable(err) {
		return v, err
	}
	cmd := call.command()
	waiting, cancel := inTime(ctx)
	defer cancel()
	var drains <-chan struct{} // of interest if the call can wait elsewhere
	if call.exec.movable() {
		drains = c.self.drains
	}
	a, pause := &c.routes.Arrivals, minAwait
	a.Join(q.Function)
	defer a.Leave(q.Function)
	for {
		change := a.Next(q.Function) // before the attempt: a change meanwhile must not be missed
		if v, err = c.attempts(ctx, call, &q); !awaitable(err) {
			return v, err
		}
		missing := asError(err).at(cmd.Name, cmd.Function, "")
		if !call.exec.waits(missing) {
			return Value{}, waitError(waiting, missing)
		}
		var again <-chan time.Time // for a node that can't be reached now; of one that is not there its coming tells
		var timer *time.Timer
		if missing.Code == Unavailable {
			timer = time.NewTimer(pause/2 + rand.N(pause))
			again = timer.C
		}
		select {
		case <-change:
		case <-again:
			pause = min(2*pause, maxAwait)
		case <-waiting.Done():
		case <-drains:
		}
		if timer != nil {
			timer.Stop()
		}
		// In this order: what it waited for stays known if it ends here, to whoever tells
		// the caller; and whoever has told that it did not start keeps it from going on.
		if waiting.Err() != nil || !call.exec.goesOn(missing) {
			return Value{}, waitError(waiting, missing)
		}
		if isClosed(drains) {
			return Value{}, newError(Unavailable, ExecutedNo, "the node is draining, and the call still waits for a node that can run it: send it to another")
		}
	}
}

// isClosed reports whether c is closed, which nobody sends on; nil never is.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// answerTime is how long before its deadline a call stops waiting, or a tenth of the
// time if that is less: its caller has the same deadline, and would otherwise give up
// just before it is told that the call did not start, and what was missing.
const answerTime = 20 * time.Millisecond

// inTime returns a context that ends in time for an answer.
func inTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-min(answerTime, time.Until(deadline)/10)))
}

// awaitable reports whether a call failed that surely did not start, and that a node
// may run which is not there yet.
func awaitable(err error) bool {
	if err == nil {
		return false
	}
	e := asError(err)
	return e.Executed == ExecutedNo && (e.Code == NotFound || e.Code == Unavailable) && e.Details[detailLostResult] == nil
}
