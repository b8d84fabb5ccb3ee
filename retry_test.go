package mpreg_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

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

// TestWaitForLink: with WaitForRoute a call waits for its node to be there, and
// without it fails between two attempts.
func TestWaitForLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 1)
		c.Node(0).Kill()
		client := c.Client()
		_, err := client.Call(t.Context(), "echo", 1)
		if e := testkit.AsError(t, err); e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedNo {
			t.Errorf("without it: %v", err)
		}
		start := time.Now()
		_, err = client.With(mpreg.WaitForRoute(), mpreg.Timeout(time.Minute)).Call(t.Context(), "echo", 1)
		if e := testkit.AsError(t, err); e.Code != mpreg.DeadlineExceeded || e.Executed != mpreg.ExecutedNo || !strings.Contains(e.Message, "refused") {
			t.Errorf("in vain: %#v", e)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v of fake time", took)
		}
		call := testkit.Later(func() (int, error) {
			return mpreg.Call[int](context.Background(), client.With(mpreg.WaitForRoute()), "echo", 7)
		})
		testkit.Pass(time.Hour)
		c.Node(0).Restart()
		if got := <-call; got.Err != nil || got.Value != 7 {
			t.Errorf("got %+v", got)
		}
	})
}
