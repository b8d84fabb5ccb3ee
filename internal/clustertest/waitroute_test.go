package clustertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestWaitForRoute: a call waits for what it needs, and runs as soon as that is there.
func TestWaitForRoute(t *testing.T) {
	f := func() string { return "done" }
	for _, row := range []struct {
		name   string
		locs   []string
		happen func(c *mpregtest.Cluster) error
		within time.Duration // of what happens: until others know of it
	}{
		{"registered here", nil, func(c *mpregtest.Cluster) error { return c.Node(0).Server().Register("f", f) }, 0},
		{"registered elsewhere", nil, func(c *mpregtest.Cluster) error { return c.Node(1).Server().Register("f", f) }, 50 * time.Millisecond},
		{"resources here", []string{"gpu"}, func(c *mpregtest.Cluster) error {
			return errors.Join(c.Node(0).Server().Register("f", f), c.Node(0).Server().SetResources("gpu"))
		}, 0},
		{"resources elsewhere", []string{"gpu"}, func(c *mpregtest.Cluster) error {
			return errors.Join(c.Node(1).Server().Register("f", f), c.Node(1).Server().SetResources("gpu"))
		}, 50 * time.Millisecond},
	} {
		for _, remote := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/over_a_link=%v", row.name, remote), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := mpregtest.NewCluster(t, 2)
					client := c.Node(0).Server().Client()
					if remote {
						client = c.Node(0).Client()
					}
					client = client.With(mpreg.At(row.locs...))
					if _, err := client.Call(t.Context(), "f"); !errors.Is(err, mpreg.NotFound) {
						t.Fatalf("without the option: %v", err)
					}
					type result struct {
						at  time.Time
						got string
						err error
					}
					results := make(chan result, 1)
					go func() {
						got, err := mpreg.Call[string](t.Context(), client.With(mpreg.WaitForRoute()), "f")
						results <- result{time.Now(), got, err}
					}()
					testkit.Pass(10 * time.Second)
					select {
					case r := <-results:
						t.Fatalf("it did not wait: %+v", r)
					default:
					}
					start := time.Now()
					testkit.Must(t, row.happen(c))
					r := <-results
					if took := r.at.Sub(start); r.err != nil || r.got != "done" || took > row.within {
						t.Errorf("got %q, %v, %v later", r.got, r.err, took)
					}
				})
			})
		}
	}
}

// TestWaitForRouteInVain: the error says that nothing ran, and what was missing.
func TestWaitForRouteInVain(t *testing.T) {
	for _, row := range []struct {
		name  string
		end   func(ctx context.Context) (context.Context, context.CancelFunc)
		code  mpreg.Code
		after time.Duration
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, mpreg.DeadlineExceeded, time.Minute - 20*time.Millisecond}, // in time for the answer
		{"canceled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Minute, cancel)
			return ctx, cancel
		}, mpreg.Canceled, time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(_ int, s *mpreg.Server) error {
					return s.Register("f", func() {}, "cpu", "x")
				}))
				ctx, cancel := row.end(t.Context())
				defer cancel()
				start := time.Now()
				_, err := c.Node(0).Server().Client().With(mpreg.WaitForRoute(), mpreg.At("gpu", "x")).Call(ctx, "f")
				var e *mpreg.Error
				if !errors.As(err, &e) || e.Code != row.code || e.Executed != mpreg.ExecutedNo ||
					!strings.Contains(e.Message, `lacks ["gpu"]`) || e.Details["closest_offer"] == nil || e.Function != "f" {
					t.Errorf("got %v, details %v", err, e.Details)
				}
				if took := time.Since(start); took != row.after {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

// TestWaitForRouteIsNotForFailures: what failed for another reason fails at once.
func TestWaitForRouteIsNotForFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(_ int, s *mpreg.Server) error {
			return s.Register("f", func(int) error { return errors.New("boom") })
		}))
		client := c.Node(0).Server().Client().With(mpreg.WaitForRoute())
		start := time.Now()
		if _, err := client.Call(t.Context(), "f", 1); !errors.Is(err, mpreg.Failed) {
			t.Errorf("got %v", err)
		}
		if _, err := client.Call(t.Context(), "f", "x"); !errors.Is(err, mpreg.InvalidArgument) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("after %v", took)
		}
	})
}

// TestWaitForRouteAcrossARestart: while the only node that offers the function is
// gone, in whatever state others hold it for, calls wait for it.
func TestWaitForRouteAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i != 1 {
				return nil
			}
			return s.Register("f", func() {})
		}))
		client := c.Node(0).Client(mpreg.WaitForRoute())
		for _, restart := range []time.Duration{10 * time.Millisecond, time.Second, 30 * time.Second} {
			c.Node(1).Kill()
			synctest.Wait() // no call is on its way to it
			failed := make(chan error, 10)
			for range cap(failed) {
				go func() {
					_, err := client.Call(context.Background(), "f")
					failed <- err
				}()
			}
			testkit.Pass(restart)
			c.Node(1).Restart()
			for range cap(failed) {
				if err := <-failed; err != nil {
					t.Errorf("restarted after %v: %v", restart, err)
				}
			}
			c.WaitConverged()
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
