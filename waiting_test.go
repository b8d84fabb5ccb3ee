package mpreg_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
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
				testkit.Must(t, client.Ready(t.Context()))
				done := testkit.Later(func() (string, error) { return mpreg.Call[string](t.Context(), client, "late") })
				testkit.Pass(time.Second)
				testkit.Must(t, c.Node(0).Stop()) // fails if a request is abandoned
				testkit.Pass(time.Second)
				if len(nodes) == 1 {
					got := <-done
					if e := testkit.AsError(t, got.Err); !errors.Is(e, mpreg.Unavailable) && !errors.Is(e, mpreg.DeadlineExceeded) || e.Executed != mpreg.ExecutedNo {
						t.Errorf("got %v, want that it was not executed", e)
					}
					return
				}
				select {
				case got := <-done:
					t.Fatalf("it does not wait: %q, %v", got.Value, got.Err)
				default:
				}
				testkit.Must(t, c.Node(1).Server().Register("late", func() string { return "done" }))
				if got := <-done; got.Err != nil || got.Value != "done" {
					t.Errorf("got %q, %v", got.Value, got.Err)
				}
			})
		})
	}
}
