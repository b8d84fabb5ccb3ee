package mpreg

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// origin is where a request came from.
type origin struct {
	peer     string // the address at the other end of the link; empty within the node
	node     string // the id of the node that passed it on; empty if a client sent it
	identity Identity
	hops     uint8 // the nodes that have passed it on
	own      bool  // no caller but this node itself
	within   bool  // a function that runs here made it
}

// execution is a request that this node coordinates: it starts each command
// when its own inputs are ready, wherever the cluster has a place for it, and
// ends with the first failure or the last result.
type execution struct {
	node    *Server
	origin  origin
	request *wire.Request
	codec   codec.Codec // that results are encoded in
	plan    *plan.Plan
	asker   asker
	several *several // what several commands need; nil if there is only one
	times   *times   // nil if nobody wants to know

	call    *callContext // room for that of a single command
	only    outcome      // and how it ended
	reply   wire.Response
	result1 [1]wire.Result

	mu       sync.Mutex
	returned func() // tells that its functions have heeded the end of the context after all; guarded by mu
	ended    bool   // nothing of it runs; guarded by mu
	told     bool   // asker knows of a failure
	atRest   bool   // nothing of it runs any more; for who is called by run
	watched  bool   // observers or the caller are told of each step

	straggling atomic.Int32          // attempts, of which another one may be faster
	stragglers sync.WaitGroup        // the same
	forwarded  atomic.Int64          // how many commands other nodes were asked to run
	items      atomic.Int64          // of a stream, that were given to asker
	latest     atomic.Int64          // one more than the index of the command that started last
	missing    atomic.Pointer[Error] // what a command waits for, with WaitForRoute; nil if none does
}

// outcome is how a command ended.
type outcome struct {
	index int
	value Value
	err   *Error
	node  string // the id of the node that it was handed to last
	told  bool   // that it started
	again bool   // it has ended before, and its result was lost
}

// newExecution plans a request. The error, an *Error, is about a request of
// which nothing may run.
func newExecution(node *Server, from origin, r *wire.Request, c codec.Codec) (*execution, error) {
	mode := plan.Names
	if r.Refs == wire.Explicit {
		mode = plan.Explicit
	}
	p, err := plan.New(r.Commands, mode, r.Return)
	if err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		return nil, e.at("", "", node.Name())
	}
	if r.Stream && len(p.Results) != 1 {
		return nil, newError(InvalidRequest, ExecutedNo,
			"a stream has one command whose result nobody uses, and no other that is returned: the request has %d", len(p.Results)).at("", "", node.Name())
	}
	p.MaxValue = int(min(node.config.MaxMessageBytes, math.MaxInt))
	var e *execution
	if len(r.Commands) > 1 {
		e = &execution{several: newSeveral(p)}
	} else {
		block := new(struct {
			execution
			call callContext
		})
		e = &block.execution
		e.call = &block.call
	}
	e.node, e.origin, e.request, e.codec, e.plan = node, from, r, c, p
	e.watched = r.Events || len(node.options.observers) > 0
	if r.ReturnIntermediate || r.IncludeSummary || e.watched {
		e.times = &times{commands: make([]span, len(r.Commands))}
	}
	return e, nil
}

// asker is who a request is executed for.
type asker interface {
	// answer is called once, with a response or with a failure.
	answer(e *execution, response *wire.Response, failure *Error)
	// item gives it an item of a stream, which may wait. An error says that it
	// takes no more.
	item(ctx context.Context, v Value) error
	// event tells it of a step, if it asked for that.
	event(e *wire.Event)
}

// run executes the request and answers once, as soon as the outcome is known: a
// failure is told while other commands may still be on their way out. It returns
// when nothing of the request runs any more.
func (e *execution) run(ctx context.Context, to asker) {
	e.observeStart(ctx)
	e.asker = to
	var failure *Error
	ended := false
	defer func() {
		e.atRest = e.straggling.Load() == 0
		if !ended {
			failure = e.goexit(e.latestStarted()) // nothing else runs where one ends this goroutine
		}
		if failure != nil {
			e.fail(failure)
		} else {
			to.answer(e, e.response(), nil)
		}
		e.stragglers.Wait() // the caller has its answer, but the request is not over
		e.rest()
		e.observeEnd(ctx, failure)
	}()
	if len(e.request.Commands) == 1 {
		o := e.command(ctx, 0)
		failure = o.err
	} else {
		defer e.releaseAll()
		failure = e.runGraph(ctx)
	}
	ended = true
}

// movable reports whether the request, which waits for a route, could as well do so
// at another node: nothing of it has run, and it is not part of what runs here.
func (e *execution) movable() bool { return len(e.request.Commands) == 1 && !e.origin.within }

// fail tells of a failure, the first time.
func (e *execution) fail(failure *Error) {
	if !e.told {
		e.told = true
		e.asker.answer(e, nil, failure)
	}
}

// response collects what the caller asked for.
func (e *execution) response() *wire.Response {
	r := &e.reply
	r.U, r.Results = e.request.U, e.result1[:]
	if len(e.plan.Results) > 1 {
		r.Results = make([]wire.Result, len(e.plan.Results))
	}
	for i, index := range e.plan.Results {
		r.Results[i] = wire.Result{Name: e.request.Commands[index].Name, Value: e.result(index)}
	}
	if e.request.Stream {
		r.Streamed, r.Items = true, e.items.Load()
	}
	if e.request.ReturnIntermediate {
		r.Intermediate = e.levels()
	}
	if e.request.IncludeSummary {
		r.Summary = e.summary()
	}
	return r
}
