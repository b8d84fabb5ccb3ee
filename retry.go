package mpreg

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// minAttempts is how often a request is sent at most, where there are fewer URLs
// than that: a node may be gone when its successor is, in a rolling restart.
const minAttempts = 3

// do implements caller.
func (c *conn) do(ctx context.Context, r *wire.Request, to receiver) (*wire.Response, error) {
	return c.persist(ctx, r, to, false)
}

// persist has a request answered by whichever node takes it. What surely did not
// start at one is sent again on the link that comes next; what may have, only if
// it is idempotent.
func (c *conn) persist(ctx context.Context, r *wire.Request, to receiver, idempotent bool) (*wire.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err, ExecutedNo)
	}
	c.retries.Earn()
	r.Accept = accept(c.codec())
	cl, err := c.live(ctx, false)
	if err != nil && r.WaitForRoute {
		cl, err = c.waitForLink(ctx, err)
	}
	if err != nil {
		return nil, err
	}
	response, err := c.attempt(ctx, cl, r, to)
	if err == nil && response.Error == nil {
		return response, nil
	}
	return c.retry(ctx, r, to, idempotent, cl, failureOf(response, err))
}

// waitForLink waits for a link until ctx ends, unless nodes refuse the client for a
// reason that time does not heal.
func (c *conn) waitForLink(ctx context.Context, err error) (*clientLink, error) {
	for {
		e := asError(err)
		if e.Code != Unavailable || errors.Is(e, ErrClosed) {
			return nil, e
		}
		cl, next := c.live(ctx, true)
		if next == nil {
			return cl, nil
		}
		if ctx.Err() != nil {
			ended := contextError(ctx.Err(), ExecutedNo)
			ended.Message = e.Message
			return nil, ended
		}
		err = next
	}
}

// failureOf returns what a request failed with.
func failureOf(response *wire.Response, err error) *Error {
	if err != nil {
		return asError(err)
	}
	return fromWire(response.Error)
}

// retry sends a request again that has failed on cl, as often as that is of use
// and does no harm.
func (c *conn) retry(ctx context.Context, r *wire.Request, to receiver, idempotent bool, cl *clientLink, failure *Error) (*wire.Response, error) {
	most := max(minAttempts, 1+len(c.urls))
	var past attempts
	for {
		past.add(r, cl, failure)
		if past.count == most || ctx.Err() != nil || failure.Code != Unavailable || errors.Is(failure, ErrClosed) || delivered(to) {
			return nil, past.error(failure)
		}
		switch c.prospect(r, cl, failure) {
		case hopeless:
			return nil, past.error(failure)
		case harmful:
			if !idempotent {
				return nil, past.error(failure)
			}
			if !c.retries.Spend() {
				return nil, past.error(unaffordable(failure))
			}
		}
		var err error
		if cl, err = c.live(ctx, true); err != nil {
			failure = asError(err)
			continue
		}
		response, err := c.attempt(ctx, cl, r, to)
		if err == nil && response.Error == nil {
			return response, nil
		}
		failure = failureOf(response, err)
	}
}

// prospect is what comes of sending a request again.
type prospect int

const (
	harmless prospect = iota // it has not begun, and may where it is sent now
	harmful                  // it may have begun, or has
	hopeless                 // it would end in the same way where it is sent now
)

// prospect judges a failure with Unavailable on cl, which is nil if there was no
// link. It costs nobody anything to send again what no node has taken: that is not
// held against the retry budget, so that all calls outlive a drain.
func (c *conn) prospect(r *wire.Request, cl *clientLink, failure *Error) prospect {
	if cl == nil {
		return harmless
	}
	if failure.Command == "" && failure.Executed != ExecutedYes {
		// The link was lost, or its node takes no requests.
		cl.leave()
	}
	switch {
	case failure.Executed == ExecutedYes && !cl.gone():
		return hopeless // the function says so, and its node does not stop
	case !unbegun(r, failure):
		return harmful
	case cl.gone():
		return harmless
	default:
		return hopeless // the node is well, and found no other that could take it
	}
}

// unbegun reports whether nothing of a request that failed has begun. An error
// about one of several commands says nothing of the others.
func unbegun(r *wire.Request, failure *Error) bool {
	return failure.Executed == ExecutedNo && (failure.Command == "" || len(r.Commands) == 1)
}

// delivered reports whether items of a stream have come: it can't be made again.
func delivered(to receiver) bool {
	in, ok := to.(*incoming)
	return ok && in.call.stream != nil && in.call.stream.count > 0
}

// attempts are those of one request that have failed.
type attempts struct {
	count int
	begun bool     // one of them may have run, the last aside, whose failure tells itself
	last  bool     // and the last
	nodes []string // that were asked
}

func (a *attempts) add(r *wire.Request, cl *clientLink, failure *Error) {
	a.count++
	a.begun = a.begun || a.last
	a.last = !unbegun(r, failure)
	if cl != nil {
		a.nodes = append(a.nodes, nodeAt(cl))
	}
}

// nodeAt returns the name of the node at the other end of a link.
func nodeAt(cl *clientLink) string {
	if name := cl.said.Name; name != "" {
		return name
	}
	return cl.link.RemoteAddr()
}

// detailAttempts is how often a client has tried to have a request executed.
const detailAttempts = "attempts"

// error returns the last failure as that of all attempts.
func (a *attempts) error(failure *Error) *Error {
	if a.count == 1 {
		return failure
	}
	e := failure.with(detailAttempts, int64(a.count))
	if e.Executed == ExecutedYes {
		return e // the function's own words
	}
	if a.begun {
		e.Executed = ExecutedMaybe
	}
	e.Message = fmt.Sprintf("%s; tried %d times, at %s", e.Message, a.count, strings.Join(a.nodes, ", "))
	return e
}

// unaffordable is a failure that is not retried for want of budget.
func unaffordable(failure *Error) *Error {
	e := failure.with(detailRetryBudget, "exhausted")
	e.Message += "; it is not tried again, as the client's retry budget is exhausted"
	return e
}
