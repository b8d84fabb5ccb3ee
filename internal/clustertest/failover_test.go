package clustertest_test

import (
	"context"
	"errors"
	"fmt"
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
				client := c.Node(0).Client()
				call := testkit.Later(func() (int, error) { return mpreg.Call[int](t.Context(), client, "work") })
				first := <-ran
				c.Node(first).Kill()
				r := <-call
				if row.idempotent {
					if r.Err != nil || r.Value != 3-first || runs.Load() != 2 {
						t.Errorf("want node %d, got %+v after %d runs", 3-first, r, runs.Load())
					}
					return
				}
				var e *mpreg.Error
				if !errors.As(r.Err, &e) || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe ||
					e.Node != c.Node(first).Name() || e.Function != "work" || runs.Load() != 1 {
					t.Errorf("got %#v after %d runs", r.Err, runs.Load())
				}
			})
		})
	}
}

// TestCoordinatorKilled: in the midst of a graph. With an idempotent view the
// request is made again at the next node, else its caller learns that it may have
// run.
func TestCoordinatorKilled(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		t.Run(fmt.Sprint("idempotent ", idempotent), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int64
				started := make(chan int, 4)
				c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
					return s.Register("work", func(ctx context.Context, n int) (int, error) {
						first := runs.Add(1) == 1
						started <- i
						if first {
							<-ctx.Done()
							return 0, ctx.Err()
						}
						return n + 1, nil
					})
				}))
				client := c.ClientOf([]int{0, 1})
				if idempotent {
					client = client.With(mpreg.Idempotent())
				}
				r := mpreg.NewRequest()
				last := r.Add("work", r.Add("echo", 1))
				call := testkit.Later(func() (*mpreg.Response, error) { return client.Do(context.Background(), r) })
				<-started
				c.Node(0).Kill()
				got := <-call
				if !idempotent {
					e := testkit.AsError(t, got.Err)
					if e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe || e.Details["attempts"] != nil || runs.Load() != 1 {
						t.Errorf("got %#v after %d runs", e, runs.Load())
					}
					return
				}
				testkit.Must(t, got.Err)
				if n, err := mpreg.Get[int](got.Value, last); err != nil || n != 2 || runs.Load() != 2 {
					t.Errorf("got %d, %v after %d runs", n, err, runs.Load())
				}
			})
		})
	}
}
