package mpreg_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// hostsRows has each node offer the rows of its own dataset.
func hostsRows(_ int, s *mpreg.Server) error {
	return s.Register("rows", func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node }, s.Name()+"-data")
}

func TestKilledNodeIsOutOfTheRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(hostsRows))
		client := c.Node(0).Client()
		there := client.With(mpreg.At("node-2-data"))
		if got, err := mpreg.Call[string](t.Context(), there, "rows"); err != nil || got != "node-2" {
			t.Fatalf("%q, %v", got, err)
		}
		c.Node(2).Kill()
		synctest.Wait() // no time passes: it may be known to be dead by now, or not to answer
		if _, err := there.Call(t.Context(), "rows"); !errors.Is(err, mpreg.Unavailable) && !errors.Is(err, mpreg.NotFound) || testkit.AsError(t, err).Executed != mpreg.ExecutedNo {
			t.Errorf("a killed node's data: %v", err)
		}
		testkit.Pass(200 * time.Millisecond)
		if _, err := there.Call(t.Context(), "rows"); !errors.Is(err, mpreg.NotFound) {
			t.Errorf("a dead node's data: %v", err)
		}
		c.Node(2).Restart()
		c.WaitConverged()
		if got, err := mpreg.Call[string](t.Context(), there, "rows"); err != nil || got != "node-2" {
			t.Errorf("after its restart: %q, %v", got, err)
		}
	})
}

func TestNodeLostInMidRequest(t *testing.T) {
	for _, row := range []struct {
		name       string
		idempotent bool
	}{{"may have run", false}, {"idempotent", true}} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int64
				ran := make(chan int, 4)
				c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
					if i == 0 {
						return nil
					}
					var opts []mpreg.FuncOption
					if row.idempotent {
						opts = append(opts, mpreg.Idempotent())
					}
					return s.Register("work", mpreg.Func(func(ctx context.Context) (int, error) {
						first := runs.Add(1) == 1
						ran <- i
						if first {
							<-ctx.Done()
							return 0, ctx.Err()
						}
						return i, nil
					}, opts...))
				}))
				type result struct {
					node int
					err  error
				}
				results := make(chan result, 1)
				client := c.Node(0).Client()
				go func() {
					node, err := mpreg.Call[int](t.Context(), client, "work")
					results <- result{node, err}
				}()
				first := <-ran
				c.Node(first).Kill()
				r := <-results
				if row.idempotent {
					if r.err != nil || r.node != 3-first || runs.Load() != 2 {
						t.Errorf("want node %d, got %+v after %d runs", 3-first, r, runs.Load())
					}
					return
				}
				var e *mpreg.Error
				if !errors.As(r.err, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe ||
					e.Node != c.Node(first).Name() || e.Function != "work" || runs.Load() != 1 {
					t.Errorf("got %#v after %d runs", r.err, runs.Load())
				}
			})
		})
	}
}

// TestDrainOfOneOfThree: a node that drains refuses what surely did not start, and
// that runs elsewhere: callers notice nothing.
func TestDrainOfOneOfThree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return s.Register("work", func() { runs.Add(1); testkit.Pass(time.Millisecond) })
		}))
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

// TestDeadlineAcrossHops: it is told as what is left of it, and both ends keep it.
func TestDeadlineAcrossHops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type seen struct {
			left time.Duration
			err  error
		}
		saw := make(chan seen, 1)
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return s.Register("wait", func(ctx context.Context) {
				deadline, _ := ctx.Deadline()
				left := time.Until(deadline)
				<-ctx.Done()
				saw <- seen{left, ctx.Err()}
			})
		}))
		client := c.Node(0).Client()
		start := time.Now()
		_, err := client.With(mpreg.Timeout(time.Minute)).Call(t.Context(), "wait")
		var e *mpreg.Error
		if !errors.As(err, &e) || e.Code != mpreg.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) || e.Executed == mpreg.ExecutedNo {
			t.Errorf("got %#v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("after %v of fake time", took)
		}
		if got := <-saw; got.left != time.Minute || !errors.Is(got.err, context.DeadlineExceeded) {
			t.Errorf("the function: %+v", got)
		}
	})
}

// TestCancelAcrossHops: a caller that gives up, or is gone, ends its work wherever
// that runs.
func TestCancelAcrossHops(t *testing.T) {
	for _, row := range []struct {
		name string
		give func(cancel func(), client *mpreg.Client, entry *mpregtest.Node)
	}{
		{"canceled", func(cancel func(), _ *mpreg.Client, _ *mpregtest.Node) { cancel() }},
		{"client closed", func(_ func(), client *mpreg.Client, _ *mpregtest.Node) { _ = client.Close() }},
		{"entry killed", func(_ func(), _ *mpreg.Client, entry *mpregtest.Node) { entry.Kill() }},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				started, ended := make(chan struct{}), make(chan error, 1)
				c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
					if i == 0 {
						return nil
					}
					return s.Register("wait", func(ctx context.Context) {
						close(started)
						<-ctx.Done()
						ended <- ctx.Err()
					})
				}))
				client := c.Node(0).Client()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				failed := make(chan error, 1)
				go func() {
					_, err := client.Call(ctx, "wait")
					failed <- err
				}()
				<-started
				row.give(cancel, client, c.Node(0))
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("the function's context: %v", err)
				}
				if err := <-failed; !errors.Is(err, mpreg.Canceled) && !errors.Is(err, mpreg.Unavailable) {
					t.Errorf("the call: %v", err)
				}
			})
		})
	}
}

// TestOneLinkBetweenTwoNodes: both name each other, and one link stays.
func TestOneLinkBetweenTwoNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5
		c := mpregtest.NewCluster(t, n)
		testkit.Pass(time.Minute) // nobody dials anew either
		for _, node := range c.Nodes() {
			status, err := mpreg.Call[mpreg.Status](t.Context(), node.Server().Client(), "mpreg.status")
			if err != nil || status.Links != n-1 {
				t.Errorf("%s: %d links, %v", node.Name(), status.Links, err)
			}
		}
	})
}

func TestCallsAreBalanced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran [4]atomic.Int64
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return s.Register("work", func() { ran[i].Add(1); testkit.Pass(time.Millisecond) })
		}))
		client := c.Node(0).Client()
		done := make(chan error, 30)
		for range 30 {
			go func() {
				for range 20 {
					if _, err := client.Call(context.Background(), "work"); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 30 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for i := 1; i < 4; i++ {
			if n := ran[i].Load(); n < 100 || n > 300 {
				t.Errorf("node %d ran %d of 600 calls", i, n)
			}
		}
	})
}
