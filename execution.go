package mpreg

import (
	"cmp"
	"context"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// origin is where a request came from.
type origin struct {
	peer     string // the address at the other end of the link; empty within the node
	node     string // the id of the node that passed it on; empty if a client sent it
	hops     int    // the nodes that have passed it on
	identity Identity
	own      bool // no caller but this node itself
}

// execution is a request that this node coordinates: it starts each command
// when its own inputs are ready, wherever the cluster has a place for it, and
// ends with the first failure or the last result.
type execution struct {
	node    *Server
	origin  origin
	request *wire.Request
	codec   codec.Codec // that results are encoded in
	accept  string      // the name of the codec that they are wanted in, which this node may lack
	plan    *plan.Plan

	results []Value
	one     [1]Value // results of a single command
	reply   wire.Response
	result1 [1]wire.Result
	held    int64 // the bytes of results
	asker   asker
	told    bool         // asker knows of a failure
	atRest  bool         // nothing of it runs any more; for who is called by run
	spans   []span       // when each command ran; nil if nobody wants to know
	latest  atomic.Int64 // one more than the index of the command that started last

	forwarded atomic.Int64 // how many commands other nodes were asked to run
}

// span is the time in which a command ran.
type span struct{ start, end time.Time }

// outcome is how a command ended.
type outcome struct {
	index int
	value Value
	err   *Error
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
	p.MaxValue = int(min(node.config.MaxMessageBytes, math.MaxInt))
	e := &execution{node: node, origin: from, request: r, codec: c, accept: cmp.Or(r.Accept, c.Name()), plan: p}
	if e.results = e.one[:]; len(r.Commands) > 1 {
		e.results = make([]Value, len(r.Commands))
	}
	if r.ReturnIntermediate || r.IncludeSummary || len(node.options.observers) > 0 {
		e.spans = make([]span, len(r.Commands))
	}
	return e, nil
}

// asker is who a request is executed for.
type asker interface {
	// answer is called once, with a response or with a failure.
	answer(e *execution, response *wire.Response, failure *Error)
}

// run executes the request and answers once, as soon as the outcome is known: a
// failure is told while other commands may still be on their way out. It returns
// when nothing of the request runs any more.
func (e *execution) run(ctx context.Context, to asker) {
	start := e.observeStart(ctx)
	e.asker = to
	var failure *Error
	ended := false
	defer func() {
		e.atRest = true
		if !ended {
			failure = e.goexit(-1)
		}
		if failure != nil {
			e.fail(failure)
		} else {
			to.answer(e, e.response(start), nil)
		}
		e.observeEnd(ctx, start, failure)
	}()
	if len(e.request.Commands) == 1 {
		o := e.command(ctx, 0)
		e.results[0], failure = o.value, o.err
	} else {
		failure = e.runGraph(ctx)
	}
	ended = true
}

// fail tells of a failure, the first time.
func (e *execution) fail(failure *Error) {
	if !e.told {
		e.told = true
		e.asker.answer(e, nil, failure)
	}
}

// runGraph starts what is ready, and what becomes ready by what ends. It tells of
// the first failure, and returns it once nothing runs any more.
func (e *execution) runGraph(ctx context.Context) (failure *Error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	defer running.Wait()

	progress := e.plan.Begin()
	ready := progress.Ready()
	count := 0 // of those that run
	settle := func(o outcome) {
		if failure != nil {
			return
		}
		if o.err == nil {
			o.err = e.keep(o)
		}
		if o.err != nil {
			failure = o.err
			cancel(failure)
			e.atRest = count == 0
			e.fail(failure)
			return
		}
		ready = append(ready, progress.Done(o.index)...)
	}
	limit := min(e.node.config.MaxParallel, len(e.request.Commands))
	ended := make(chan outcome, limit) // room for all that run: nobody waits to tell how it ended
	for {
		if failure != nil {
			ready = nil
		}
		if count == 0 && len(ready) == 0 {
			return failure
		}
		if count == 0 && len(ready) == 1 {
			// Nothing else can start before it ends: no need for a goroutine.
			index := ready[0]
			ready = ready[1:]
			settle(e.command(ctx, index))
			continue
		}
		for ; len(ready) > 0 && count < limit; count++ {
			index := ready[0]
			ready = ready[1:]
			running.Go(func() { e.commandApart(ctx, index, ended) })
		}
		o := <-ended
		count--
		settle(o)
	}
}

// maxHeld is how many times the largest message a request's results may be,
// together: they are held until it is answered.
const maxHeld = 4

// keep holds a result for those that use it.
func (e *execution) keep(o outcome) *Error {
	e.results[o.index] = o.value
	e.held += int64(len(o.value.Bytes()))
	if most := maxHeld * e.node.config.MaxMessageBytes; e.held > most {
		cmd := &e.request.Commands[o.index]
		err := newError(ResourceExhausted, ExecutedYes,
			"the results of the request have more than the %d bytes that the node holds for one: ask for less at a time", most)
		err.Details = map[string]any{wire.DetailLimit: "result_bytes", wire.DetailMax: most}
		return err.at(cmd.Name, cmd.Function, e.node.Name())
	}
	return nil
}

// commandApart is command in a goroutine of its own.
func (e *execution) commandApart(ctx context.Context, index int, done chan<- outcome) {
	o := outcome{index: index}
	ended := false
	defer func() {
		if !ended {
			o.err = e.goexit(index)
		}
		done <- o
	}()
	o = e.command(ctx, index)
	ended = true
}

// goexit is the error of a function that ended its goroutine with
// runtime.Goexit, as t.Fatal does: whoever waits for it must be told. A negative
// index is a function that is not known.
func (e *execution) goexit(index int) *Error {
	err := newError(Internal, ExecutedYes, "a function ended its goroutine instead of returning")
	if index < 0 {
		return err.at("", "", e.node.Name())
	}
	cmd := &e.request.Commands[index]
	return err.at(cmd.Name, cmd.Function, e.node.Name())
}

// command runs one command, whose inputs are ready.
func (e *execution) command(ctx context.Context, index int) outcome {
	cmd := &e.request.Commands[index]
	o := outcome{index: index}
	e.latest.Store(int64(index) + 1)
	if e.spans != nil {
		e.spans[index].start = time.Now()
	}
	e.observeCommand(ctx, CommandStarted, index, &o)
	var err error
	if o.value, err = e.invoke(ctx, index); err != nil {
		o.err = asError(err).at(cmd.Name, cmd.Function, e.node.Name())
	}
	if e.spans != nil {
		e.spans[index].end = time.Now()
	}
	kind := CommandFinished
	if o.err != nil {
		kind = CommandFailed
	}
	e.observeCommand(ctx, kind, index, &o)
	return o
}

func (e *execution) invoke(ctx context.Context, index int) (Value, error) {
	if ctx.Err() != nil {
		return Value{}, endError(ctx, ExecutedNo)
	}
	cmd := &e.request.Commands[index]
	args, kwargs, err := e.plan.Fill(index, e.result)
	if err != nil {
		failure := asError(err)
		failure.Executed = ExecutedNo
		return Value{}, failure
	}
	call := &callContext{Context: ctx, exec: e, invocation: Invocation{
		Function: cmd.Function, Command: cmd.Name, Locs: cmd.Locs,
		Args: args, Kwargs: kwargs, Headers: e.request.Headers,
	}}
	if len(e.node.options.interceptors) > 0 {
		call.invocation.Headers = maps.Clone(e.request.Headers) // theirs to change
	}
	return e.node.cluster.run(call, call, query{
		function: cmd.Function, locs: cmd.Locs, node: e.request.Node, from: e.origin.node, hops: e.origin.hops,
	})
}

func (e *execution) result(index int) Value { return e.results[index] }

// encode encodes what a function returned as whoever asked wants it. A value in a
// codec that this node lacks is passed on as it is.
func (e *execution) encode(x any) (Value, error) {
	if v, ok := x.(Value); ok {
		if _, opaque := v.Codec().(wire.Opaque); opaque || v.Codec().Name() == e.accept {
			return v, nil
		}
	}
	return codec.Encode(e.codec, x)
}

// interrupted is the error of a request whose context ended before it did,
// about the command that started last.
func (e *execution) interrupted(ctx context.Context) *Error {
	latest := e.latest.Load()
	if latest == 0 {
		return endError(ctx, ExecutedNo).at("", "", e.node.Name())
	}
	cmd := &e.request.Commands[latest-1]
	return endError(ctx, ExecutedMaybe).at(cmd.Name, cmd.Function, e.node.Name())
}

// response collects what the caller asked for.
func (e *execution) response(start time.Time) *wire.Response {
	r := &e.reply
	r.U, r.Results = e.request.U, e.result1[:]
	if len(e.plan.Results) > 1 {
		r.Results = make([]wire.Result, len(e.plan.Results))
	}
	for i, index := range e.plan.Results {
		r.Results[i] = wire.Result{Name: e.request.Commands[index].Name, Value: e.results[index]}
	}
	if e.request.ReturnIntermediate {
		r.Intermediate = e.levels()
	}
	if e.request.IncludeSummary {
		r.Summary = e.summary(start)
	}
	return r
}
