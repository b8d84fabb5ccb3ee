package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mpreg/mpreg"
)

// alone starts a node that ends with the test.
func alone(t *testing.T) *mpreg.Server {
	t.Helper()
	node, stop, err := start(t.Context(), "alone")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return node
}

// A call without an answer, and an answer that is wrong, end the traffic and are
// what is reported.
func TestTrafficFails(t *testing.T) {
	line := newModel("line", []row{{0, 0}, {1, 1}})
	for name, test := range map[string]struct {
		offered *Model // under the name of line
		want    string
	}{
		"nobody has it":    {nil, `a call at alone: mpreg: not_found: `},
		"another line":     {&Model{name: "line", intercept: 1, slope: 1}, `a call at alone: {Value:1 Model:line Node:alone} is not the prediction of line for 0: 0`},
		"another's answer": {&Model{name: "other", slope: 1}, `a call at alone: {Value:0 Model:other Node:alone} is not the prediction of line for 0: 0`},
	} {
		t.Run(name, func(t *testing.T) {
			node := alone(t)
			if test.offered != nil {
				if err := node.Register("predict", test.offered.Predict, line.name); err != nil {
					t.Fatal(err)
				}
			}
			calls, ctx := begin(t.Context(), []*mpreg.Server{node}, []*Model{line})
			waited := calls.await(ctx, line, node)
			err := calls.end()
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || !errors.Is(waited, err) {
				t.Errorf("end returned %v, await %v; want both %s", err, waited, test.want)
			}
		})
	}
}

func TestTrafficCounts(t *testing.T) {
	node, line := alone(t), newModel("line", []row{{0, 0}, {1, 1}})
	if err := offer(node, line); err != nil {
		t.Fatal(err)
	}
	calls, ctx := begin(t.Context(), []*mpreg.Server{node}, []*Model{line, line})
	err := errors.Join(calls.await(ctx, line, node), calls.end())
	if n := calls.answered[kind{"line", "alone", "alone"}]; err != nil || n < enough || len(calls.answered) != 1 {
		t.Errorf("error %v, %d answers of %d kinds; want %d at least, of 1 kind", err, n, len(calls.answered), enough)
	}
}

// A model is not moved from where it is not.
func TestMoveFails(t *testing.T) {
	node, line := alone(t), newModel("line", []row{{0, 0}, {1, 1}})
	if err := offer(node, line); err != nil {
		t.Fatal(err)
	}
	if err := move(t.Context(), line, node, node); err == nil || !strings.Contains(err.Error(), "registered already") {
		t.Errorf("to where it is: error %v", err)
	}
	other := alone(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := move(canceled, newModel("new", line.rows), other, node); !errors.Is(err, context.Canceled) {
		t.Errorf("from a node that does not know the other: error %v", err)
	}
}
