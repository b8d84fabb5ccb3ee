package mpreg

import (
	"context"
	"fmt"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// maxRemakes bounds how often a command is tried again because the node that
// held the same of its inputs is gone.
const maxRemakes = 3

// losses counts how often each input of a command was lost.
type losses map[int]int

// again notes a loss, and reports whether the input is to be made again.
func (l *losses) again(input int) bool {
	if *l == nil {
		*l = make(losses)
	}
	(*l)[input]++
	return (*l)[input] <= maxRemakes
}

// remaking is a lost result that is made again.
type remaking struct {
	done chan struct{}
	err  error // set before done is closed
}

// lostInput returns the lease of an input that was lost, and whose result it was;
// nil if the command ended otherwise.
func (c *callContext) lostInput(err error) (index int, lease *wire.Lease) {
	if err == nil || c.exec.several == nil {
		return 0, nil // it is for the coordinator to see to that
	}
	e := asError(err)
	name, ok := e.Details[detailLostResult].(string)
	if !ok || e.Executed == ExecutedYes { // a function's own error may have any details
		return 0, nil
	}
	for _, input := range c.exec.plan.Steps[c.outcome.index].Inputs {
		if c.exec.request.Commands[input].Name != name {
			continue
		}
		for i := range c.splices {
			if s := &c.splices[i]; s.Command == name {
				if lease := wire.LeaseOf(s.Value); lease != nil {
					return input, lease
				}
			}
		}
	}
	return 0, nil
}

// remakeAll is remake for an input of a command, and for its others that were surely
// lost with it.
func (e *execution) remakeAll(ctx context.Context, index, input int, lost *wire.Lease) error {
	var running sync.WaitGroup
	defer running.Wait()
	if m := e.node.cluster.byID(lost.Node); lost.Node != e.node.id && (m == nil || m.best.Load() == nil) {
		slots := make(chan struct{}, e.node.config.MaxParallel)
		for _, other := range e.plan.Steps[index].Inputs {
			lease := wire.LeaseOf(e.result(other))
			if other == input || lease == nil || lease.Node != lost.Node || !e.idempotent(other) {
				continue
			}
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				_ = e.remake(ctx, other, lease) // who needs it hears of that
			})
		}
	}
	return e.remake(ctx, input, lost)
}

// remake has a result made again that was lost with its node, or waits until it is.
func (e *execution) remake(ctx context.Context, index int, lost *wire.Lease) error {
	in := &e.several.intermediates[index]
	e.mu.Lock()
	if wire.LeaseOf(e.several.results[index]) != lost {
		e.mu.Unlock()
		return nil // it was made again for another consumer
	}
	job := in.remaking
	if job == nil {
		job = &remaking{done: make(chan struct{})}
		in.remaking = job
		e.mu.Unlock()
		job.err = e.makeAgain(ctx, index, lost)
		e.mu.Lock()
		in.remaking = nil
		e.mu.Unlock()
		close(job.done)
		return job.err
	}
	e.mu.Unlock()
	select {
	case <-job.done:
		return job.err
	case <-ctx.Done():
		return endError(ctx, ExecutedNo)
	}
}

// makeAgain runs a command a second time, after those of its inputs that were
// released because it had ended.
func (e *execution) makeAgain(ctx context.Context, index int, lost *wire.Lease) error {
	cmd := &e.request.Commands[index]
	if !e.idempotent(index) {
		return newError(Unavailable, ExecutedNo,
			"the result of %q was lost with node %q, and its function %q is not idempotent: it is not run again",
			cmd.Name, e.node.cluster.nodeName(lost.Node), cmd.Function)
	}
	for _, input := range e.plan.Steps[index].Inputs {
		e.mu.Lock()
		lease, released := wire.LeaseOf(e.several.results[input]), e.several.intermediates[input].released
		e.mu.Unlock()
		if lease != nil && released {
			if err := e.remake(ctx, input, lease); err != nil {
				return err
			}
		}
	}
	o := &outcome{index: index, again: true}
	e.perform(ctx, o)
	if o.err != nil {
		failure := *o.err
		failure.Executed = ExecutedYes // the first time
		if failure.Code == NotFound || failure.Code == ResourceExhausted || failure.Code == Unavailable {
			failure.Code = Unavailable
			failure.Message = fmt.Sprintf("its result was lost with node %q, and can't be made again: %s",
				e.node.cluster.nodeName(lost.Node), o.err.Message)
		}
		return &failure
	}
	e.mu.Lock()
	e.several.results[index], e.several.intermediates[index].released = o.value, false
	e.mu.Unlock()
	e.node.cluster.release(lost) // its holder may only have been out of reach
	return nil
}
