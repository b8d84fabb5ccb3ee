package mpreg

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// Bounds of what workers offer, together and over one link: all of it is told to
// every node of the cluster.
const (
	maxWorkerOffers = 1 << 10
	maxCrews        = 1 << 13
	maxOfferBytes   = 8 << 20
)

// maxWorkerAttempts bounds how many workers of a node are tried for one call.
const maxWorkerAttempts = 4

// crew are the workers that offer a function with the same locs. Each has part in
// its calls, and the function is there as long as one of them is.
type crew struct {
	name string
	locs []string // sorted
	size int64    // that its largest offer had, so that it may come back; guarded by the registry's mu

	mu    sync.Mutex
	hands []*hand
	next  int // where the search for the next one begins: equals take turns
}

// hand is one worker's part in a crew.
type hand struct {
	worker  *worker
	offer   wire.WorkerOffer
	running int // calls that somebody waits for, as one given up may run on; guarded by the crew's mu
}

// run runs a call at the worker that has the fewest. What surely did not start
// there is tried at another, and what may have if that does no harm at either.
func (c *crew) run(ctx context.Context, inv *Invocation, call *callContext, idempotent bool) (Value, error) {
	retries := &call.exec.node.cluster.retries
	if call.exec.origin.hops > 0 {
		retries.Earn() // else it has: where a call begins each earns, and here each may be tried again
	}
	var failure *Error
	var tried []*worker
	before := call.started.Load() // an interceptor may have called it already
	for range maxWorkerAttempts {
		h, promised, err := c.enter(tried, failure != nil && failure.Executed == ExecutedMaybe)
		if err != nil {
			failure = cmp.Or(failure, err)
			break
		}
		if failure != nil && !retries.Spend() {
			c.leave(h)
			break
		}
		v, err := h.worker.call(ctx, c.name, inv, call)
		c.leave(h)
		if err == nil {
			return v, nil
		}
		tried = append(tried, h.worker)
		if failure == nil || err.Executed != ExecutedNo {
			failure = err
		}
		if lost(err) && !promised {
			failure = notIdempotent(err)
			break
		}
		again := err.Code == Unavailable && (err.Executed == ExecutedNo || err.Executed == ExecutedMaybe && idempotent)
		if !again || ctx.Err() != nil {
			break
		}
	}
	if before && failure.Executed == ExecutedNo {
		e := *failure
		e.Executed = ExecutedMaybe
		return Value{}, &e
	}
	return Value{}, failure
}

// notIdempotent is e with the detail that keeps whoever routed the call from trying
// again: it may have seen the function when all that had it were idempotent.
func notIdempotent(e *Error) *Error {
	return e.with(detailIdempotent, false)
}

// enter takes a place at the worker with the fewest calls that has one, and returns
// whether that worker promises that running twice does no harm. A call that may have
// run goes only to one that does. The error says why there is none; such a call may find one at
// another node.
func (c *crew) enter(tried []*worker, mayHaveRun bool) (h *hand, idempotent bool, refusal *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var best *hand
	var full *Error
	for i := range c.hands {
		h := c.hands[(c.next+i)%len(c.hands)]
		if slices.Contains(tried, h.worker) || mayHaveRun && !h.offer.Idempotent {
			continue
		}
		if e := h.full(); e != nil {
			full = e
			continue
		}
		if best == nil || h.worker.inFlight.Load() < best.worker.inFlight.Load() {
			best = h
		}
	}
	switch {
	case best != nil:
		c.next++
		best.running++
		best.worker.inFlight.Add(1)
		return best, best.offer.Idempotent, nil
	case full != nil:
		return nil, false, full
	default:
		return nil, false, newError(NotFound, ExecutedNo, "the function %q was withdrawn a moment ago by the last worker that had it %s: try again", c.name, withLocs(c.locs))
	}
}

// full says why the worker takes no further call; nil if it does. The crew's mu is
// held. Calls of other crews may begin meanwhile: the bound of a link may be passed
// by as many as begin at the same time.
func (h *hand) full() *Error {
	if most := h.offer.MaxConcurrent; most > 0 && h.running >= most {
		return inFlightError("max_concurrent", int64(most), "calls of this function are running at its worker")
	}
	if most := int64(h.worker.session.server.config.MaxInFlightPerLink); h.worker.inFlight.Load() >= most {
		return inFlightError("in_flight_per_link", most, "calls are running at the worker")
	}
	return nil
}

func (c *crew) leave(h *hand) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h.running--
	h.worker.inFlight.Add(-1)
}

// join adds a worker to the crew, or changes what it offers there.
func (c *crew) join(w *worker, o wire.WorkerOffer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.hands {
		if h.worker == w {
			h.offer = o
			return
		}
	}
	c.hands = append(c.hands, &hand{worker: w, offer: o})
}

// part takes a worker out of the crew.
func (c *crew) part(w *worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hands = slices.DeleteFunc(c.hands, func(h *hand) bool { return h.worker == w })
}

// describe returns what the crew as a whole promises, which is what each of its
// workers does, and whether nobody is in it.
func (c *crew) describe() (doc string, idempotent, empty bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	idempotent = true
	for _, h := range c.hands {
		idempotent = idempotent && h.offer.Idempotent
		doc = cmp.Or(doc, h.offer.Doc)
	}
	return doc, idempotent, len(c.hands) == 0
}

// function returns the crew as a function of the node. What it takes and returns
// only its workers know.
func (c *crew) function(doc string, idempotent bool) *Function {
	return &Function{
		params: []reflect.Type{reflect.TypeFor[[]any]()}, variadic: true, result: reflect.TypeFor[any](),
		doc: doc, idempotent: idempotent,
		foreign: func(ctx context.Context, inv *Invocation, call *callContext) (Value, error) {
			return c.run(ctx, inv, call, idempotent)
		},
	}
}
