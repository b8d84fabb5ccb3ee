package mpreg

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// command runs one command, whose inputs are ready.
func (e *execution) command(ctx context.Context, index int) outcome {
	o := &e.only
	if len(e.request.Commands) > 1 {
		o = new(outcome)
	}
	o.index = index
	e.perform(ctx, o)
	return *o
}

// perform is command, for an outcome that says which.
func (e *execution) perform(ctx context.Context, o *outcome) {
	cmd, index := &e.request.Commands[o.index], o.index
	if !e.starts(index) {
		o.err = contextError(context.Canceled, ExecutedNo).at(cmd.Name, cmd.Function, e.node.Name())
		return
	}
	if e.times != nil {
		e.times.commands[index].start = time.Now()
	}
	returned := false
	defer func() {
		if !returned {
			o.err = e.goexit(index)
		}
		if e.times != nil {
			e.times.commands[index].end = time.Now()
		}
		if e.watched {
			e.began(ctx, o, "") // if nobody was found to run it
			e.observeEnded(ctx, o)
		}
	}()
	var err error
	o.value, err = e.invoke(ctx, o)
	returned = true
	if err != nil {
		o.err = asError(err).at(cmd.Name, cmd.Function, e.node.Name())
	}
}

// invoke runs a command. An input that is lost is made again, if its function is
// idempotent.
func (e *execution) invoke(ctx context.Context, o *outcome) (Value, error) {
	var before error // of the tries until now
	var lost losses
	for {
		if ctx.Err() != nil {
			return Value{}, following(before, endError(ctx, ExecutedNo))
		}
		call, err := e.newCall(ctx, o)
		if err != nil {
			failure := asError(err)
			failure.Executed = ExecutedNo
			return Value{}, following(before, failure)
		}
		v, err := e.attempt(call, o)
		if err == nil {
			return v, nil
		}
		err = following(before, err)
		from, lease := call.lostInput(err)
		if lease == nil || !lost.again(from) {
			return Value{}, err
		}
		before = err
		if failure := e.remakeAll(ctx, o.index, from, lease); failure != nil {
			return Value{}, notLess(asError(failure), asError(err).Executed)
		}
	}
}

// notLess returns e, the end of a command of which an attempt failed with said: it
// may have run if that may have.
func notLess(e *Error, said Executed) *Error {
	if e.Command != "" || e.Executed != ExecutedNo || said == ExecutedNo {
		return e // or it is about another command
	}
	c := *e
	c.Executed = said
	return &c
}

// newCall returns the context of a command whose inputs are in its arguments.
func (e *execution) newCall(ctx context.Context, o *outcome) (*callContext, error) {
	cmd := &e.request.Commands[o.index]
	args, kwargs, splices, err := e.plan.Resolve(o.index, e.result)
	if err != nil {
		return nil, err
	}
	if len(e.request.Splices) > 0 { // of the one command that another node passed on
		splices = e.request.Splices
	}
	call := e.call
	if call == nil {
		call = new(callContext)
	}
	locs := cmd.Locs
	if len(e.node.options.interceptors) > 0 { // they may change it, and other nodes are asked for what the caller wants
		locs = slices.Clone(locs)
	}
	*call = callContext{Context: ctx, exec: e, index: int32(o.index), outcome: o, splices: splices, invocation: Invocation{
		Function: cmd.Function, Command: cmd.Name, Locs: slices.Clip(locs),
		Args: args, Kwargs: kwargs, Headers: e.request.Headers,
	}}
	return call, nil
}

// attempt runs a command once, wherever it can run.
func (e *execution) attempt(call *callContext, o *outcome) (Value, error) {
	index := o.index
	r, cmd := e.request, call.command()
	q := query{
		Query: route.Query{
			Function: cmd.Function, Locs: cmd.Locs,
			From: e.origin.node, Hops: int(e.origin.hops), Here: r.Node != "",
		},
		node: r.Node, wait: r.WaitForRoute && !o.again, hedge: r.Hedge, after: r.HedgeAfter(),
	}
	if call.splices != nil {
		q.Prefer = e.holdings(index)
	}
	if r.Stream && index == e.plan.Results[0] {
		call.emit = func(ctx context.Context, v Value) error {
			call.emitted.Add(1)
			e.items.Add(1)
			return e.asker.item(ctx, v)
		}
	}
	v, err := e.node.cluster.run(call, call, q)
	if err == nil && e.several != nil {
		idempotent := e.node.cluster.idempotent(&q, call.ran)
		e.mu.Lock()
		e.several.intermediates[index].idempotent = idempotent
		e.mu.Unlock()
	}
	return v, err
}

// result returns the result of a command that has ended.
func (e *execution) result(index int) Value {
	if e.several == nil {
		return e.only.value
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.several.results[index]
}

func (e *execution) setResult(o outcome) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.several.results[o.index] = o.value
}

// encode encodes what a function returned as whoever asked wants it. A value in a
// codec that this node lacks is passed on as it is.
func (e *execution) encode(x any) (Value, error) {
	if v, ok := x.(Value); ok {
		if _, opaque := v.Codec().(wire.Opaque); opaque || v.Codec().Name() == cmp.Or(e.request.Accept, e.codec.Name()) {
			return v, nil
		}
	}
	return codec.Encode(e.codec, x)
}
