package mpreg

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/mpreg/mpreg/internal/route"
)

// endsOnceSeen is a context that ends right after somebody has seen that it had not.
type endsOnceSeen struct {
	context.Context
	end func()
}

func (c *endsOnceSeen) Err() error {
	err := c.Context.Err()
	if err == nil {
		c.end()
	}
	return err
}

// TestWaitingIsOverOnceDenied: of a command that waits for a route, either its caller
// is told that it did not start, and then it does not, whatever arrives; or it goes on,
// and its caller is told that it may have run.
func TestWaitingIsOverOnceDenied(t *testing.T) {
	for _, row := range []struct {
		name     string
		early    bool // the context ends before the function arrives
		executed Executed
		runs     int
	}{
		{"the caller is told first", true, ExecutedNo, 0},
		{"the caller is told just before it would go on", false, ExecutedNo, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			e, runs := executing(t, 1, true)
			inner, cancel := context.WithCancel(t.Context())
			defer cancel()
			var told *Error
			ctx := context.Context(&endsOnceSeen{inner, func() { cancel(); told = e.interrupted(inner) }})
			if row.early {
				ctx = t.Context() // of the command; it ends a moment after the request's
			}
			call, err := e.newCall(ctx, &outcome{})
			if err != nil {
				t.Fatal(err)
			}
			e.starts(0)
			ended := make(chan error, 1)
			go func() {
				_, err := e.node.cluster.await(call, call, query{Query: route.Query{Function: "late"}})
				ended <- err
			}()
			synctest.Wait() // it waits
			if row.early {
				cancel()
				told = e.interrupted(inner)
			}
			offerLate(t, e.node, runs)
			err = <-ended
			if told == nil || told.Executed != row.executed || *runs != row.runs || (err == nil) != (row.runs == 1) {
				t.Errorf("%s: it ran %d times (%v), and its caller was told %v", row.name, *runs, err, told)
			}
		})
	}
}
