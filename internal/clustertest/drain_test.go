package clustertest_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestDrainOfOneOfThree: a node that drains refuses what surely did not start, and
// that runs elsewhere: callers notice nothing.
func TestDrainOfOneOfThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		c := mpregtest.NewCluster(t, 3, elsewhere("work", func() { runs.Add(1); testkit.Pass(time.Millisecond) }))
		client := c.Node(0).Client()
		ctx, stop := context.WithCancel(t.Context())
		var calls atomic.Int64
		failed := make(chan error, 16)
		for range 16 {
			go func() {
				for ctx.Err() == nil {
					calls.Add(1)
					if _, err := client.Call(context.Background(), "work"); err != nil {
						failed <- err
						return
					}
				}
				failed <- nil
			}()
		}
		for range 3 {
			testkit.Pass(20 * time.Millisecond)
			if err := c.Node(2).Stop(); err != nil {
				t.Errorf("the drain: %v", err)
			}
			testkit.Pass(20 * time.Millisecond)
			c.Node(2).Restart()
			c.WaitConverged()
		}
		stop()
		for range 16 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		if runs.Load() != calls.Load() {
			t.Errorf("%d calls, and the functions ran %d times", calls.Load(), runs.Load())
		}
	})
}

// TestClientOutlivesDrains: calls through two nodes that drain and restart in
// turns, under load: each succeeds, once.
func TestClientOutlivesDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register("work", func() { ran.Add(1); <-time.After(50 * time.Millisecond) })
		}))
		c.WaitConverged()
		client := c.ClientOf([]int{0, 1})
		var succeeded atomic.Int64
		stop := make(chan struct{})
		var callers sync.WaitGroup
		for range 300 { // more under way than a full retry budget would allow
			callers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if _, err := client.Call(context.Background(), "work"); err != nil {
						t.Errorf("a call: %v", err)
						return
					}
					succeeded.Add(1)
				}
			})
		}
		for i := range 4 {
			testkit.Pass(100 * time.Millisecond)
			if err := c.Node(i % 2).Stop(); err != nil {
				t.Errorf("Serve: %v", err)
			}
			testkit.Pass(100 * time.Millisecond)
			c.Node(i % 2).Restart()
			c.WaitConverged()
		}
		close(stop)
		callers.Wait()
		if ran.Load() != succeeded.Load() || ran.Load() < 1000 {
			t.Errorf("%d ran, %d succeeded", ran.Load(), succeeded.Load())
		}
	})
}

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
