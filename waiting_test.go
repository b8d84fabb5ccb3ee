package mpreg_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestWaitingDoesNotHoldUpADrain: a node that stops does not wait for a call that waits
// for a route, of which nothing runs. The call goes on to wait at another node, if its
// client knows one; else its caller is told that it was not executed.
func TestWaitingDoesNotHoldUpADrain(t *testing.T) {
	for name, nodes := range map[string][]int{"one node": {0}, "two nodes": {0, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := mpregtest.NewCluster(t, 2)
				client := c.ClientOf(nodes, mpreg.WaitForRoute(), mpreg.Timeout(time.Minute))
				must(t, client.Ready(t.Context()))
				done := later(func() (string, error) { return mpreg.Call[string](t.Context(), client, "late") })
				pass(time.Second)
				must(t, c.Node(0).Stop()) // fails if a request is abandoned
				pass(time.Second)
				if len(nodes) == 1 {
					got := <-done
					if e := asError(t, got.err); !errors.Is(e, mpreg.Unavailable) && !errors.Is(e, mpreg.DeadlineExceeded) || e.Executed != mpreg.ExecutedNo {
						t.Errorf("got %v, want that it was not executed", e)
					}
					return
				}
				select {
				case got := <-done:
					t.Fatalf("it does not wait: %q, %v", got.value, got.err)
				default:
				}
				must(t, c.Node(1).Server().Register("late", func() string { return "done" }))
				if got := <-done; got.err != nil || got.value != "done" {
					t.Errorf("got %q, %v", got.value, got.err)
				}
			})
		})
	}
}
