package mpreg

import (
	"context"
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestNothingStartsOnceDenied: a caller who was told that nothing of its request has
// started may send it elsewhere, so nothing starts any more: not even a command whose
// own context, which is below the request's, ends a moment later. And what has started
// is not denied.
func TestNothingStartsOnceDenied(t *testing.T) {
	for _, commands := range []int{1, 2} {
		for _, first := range []string{"told", "started"} {
			e, runs := executing(t, commands, false)
			rc := &requestContext{values: t.Context()}
			var o outcome
			if first == "started" {
				o = e.command(t.Context(), 0)
			}
			rc.end(context.Canceled, &endReason{errStopped}) // the deadline of a drain, say
			told := e.interrupted(rc)
			if first == "told" {
				o = e.command(t.Context(), 0) // as in a graph, whose context has not ended yet
			}
			wantRuns, want := 0, ExecutedNo
			if first == "started" {
				wantRuns, want = 1, ExecutedMaybe
			}
			if *runs != wantRuns || told.Executed != want || (o.err == nil) != (wantRuns == 1) {
				t.Errorf("%d commands, %s first: it ran %d times (%v), and its caller was told %v", commands, first, *runs, o.err, told)
			}
		}
	}
}

// executing returns an execution whose commands all are "late", and how often that has
// run. It is not offered yet if the commands are to wait for it.
func executing(t *testing.T, commands int, wait bool) (e *execution, runs *int) {
	t.Helper()
	c, _ := choosing(t, 0)
	s := c.self
	s.invoker = intercept(s.invokeFunction, nil)
	runs = new(int)
	if !wait {
		offerLate(t, s, runs)
	}
	r := &wire.Request{U: "1", WaitForRoute: wait}
	for _, name := range []string{"a", "b"}[:commands] {
		r.Commands = append(r.Commands, wire.Command{Name: name, Function: "late"})
	}
	e, err := newExecution(s, origin{own: true}, r, codec.JSON{})
	if err != nil {
		t.Fatal(err)
	}
	return e, runs
}

func offerLate(t *testing.T, s *Server, runs *int) {
	t.Helper()
	if err := s.Register("late", func() { *runs++ }); err != nil {
		t.Fatal(err)
	}
	s.cluster.routes.Changed()
}
