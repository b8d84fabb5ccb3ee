package mpreg

import (
	"context"
	"slices"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// graphRun is the run of a request of several commands. It belongs to the
// goroutine that runs the request.
type graphRun struct {
	*execution
	cancel  context.CancelCauseFunc
	ready   []int // commands that can start
	running int   // that have started and not ended, in goroutines
	active  []int // which these are
	spare   []int // whose results nobody waits for, and that were not released
	held    int64 // the bytes of results
	failure *Error
}

// runGraph starts what is ready, and what becomes ready by what ends. It tells of
// the first failure, and returns it once nothing runs any more.
func (e *execution) runGraph(ctx context.Context) *Error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	defer running.Wait()

	progress := e.plan.Begin()
	g := &graphRun{execution: e, cancel: cancel, ready: progress.Ready()}
	limit := min(e.node.config.MaxParallel, len(e.request.Commands))
	ended := make(chan outcome, limit) // room for all that run: nobody waits to tell how it ended
	for {
		if g.failure != nil {
			g.ready = nil
		}
		if g.running == 0 && len(g.ready) == 0 {
			return g.failure
		}
		if g.running == 0 && len(g.ready) == 1 {
			// Nothing else can start before it ends: no need for a goroutine.
			g.settle(e.command(ctx, g.next()), progress.Done)
			continue
		}
		for ; len(g.ready) > 0 && g.running < limit; g.running++ {
			index := g.next()
			g.active = append(g.active, index)
			running.Go(func() { e.commandApart(ctx, index, ended) })
		}
		o := <-ended
		g.running--
		g.active = slices.DeleteFunc(g.active, func(index int) bool { return index == o.index })
		g.settle(o, progress.Done)
	}
}

// next returns a command that can start.
func (g *graphRun) next() int {
	index := g.ready[0]
	g.ready = g.ready[1:]
	return index
}

// settle notes how a command ended.
func (g *graphRun) settle(o outcome, done func(int) []int) {
	if g.failure != nil {
		if lease := wire.LeaseOf(o.value); lease != nil {
			g.node.cluster.release(lease)
		}
		return
	}
	if o.err == nil {
		o.err = g.keep(o)
	}
	if o.err != nil {
		g.failure = o.err
		g.cancel(g.failure)
		g.atRest = g.running == 0
		g.fail(g.failure)
		if g.running > 0 {
			g.ignoring(g.active[0])
		}
		return
	}
	g.used(o.index)
	g.ready = append(g.ready, done(o.index)...)
}

// maxHeld is how many times the largest message a request's results may be,
// together: they are held until it is answered.
const maxHeld = 4

// keep holds a result for those that use it.
func (g *graphRun) keep(o outcome) *Error {
	g.setResult(o)
	if wire.LeaseOf(o.value) != nil {
		g.holdOn()
		return nil
	}
	g.held += int64(len(o.value.Bytes()))
	if most := maxHeld * g.node.config.MaxMessageBytes; g.held > most {
		cmd := &g.request.Commands[o.index]
		err := tooMuchHeld(most)
		err.Executed = ExecutedYes
		return err.at(cmd.Name, cmd.Function, g.node.Name())
	}
	return nil
}

func tooMuchHeld(most int64) *Error {
	e := newError(ResourceExhausted, ExecutedNo,
		"the results of the request have more than the %d bytes that the node holds for one: ask for less at a time", most)
	e.Details = map[string]any{wire.DetailLimit: "result_bytes", wire.DetailMax: most}
	return e
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
// index is no command: an observer did so before the first.
func (e *execution) goexit(index int) *Error {
	err := newError(Internal, ExecutedYes, "a function ended its goroutine instead of returning")
	if index < 0 {
		return err.at("", "", e.node.Name())
	}
	cmd := &e.request.Commands[index]
	return err.at(cmd.Name, cmd.Function, e.node.Name())
}
