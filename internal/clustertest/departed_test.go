package clustertest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// endless offers "count", a stream that ends with its context or with its reader.
// running is how many there are.
func endless(s *mpreg.Server, running *atomic.Int64) error {
	item := strings.Repeat("x", 1000)
	return s.Register("count", func(ctx context.Context) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			running.Add(1)
			defer running.Add(-1)
			for more := true; more && ctx.Err() == nil; {
				more = yield(item, nil)
			}
		}
	})
}

// TestDepartedReaders: a reader that breaks its connection in the middle of a stream
// ends it, and the failure says that the caller is gone: not that the function or its
// node failed, which would be ejected when a few readers do so.
func TestDepartedReaders(t *testing.T) {
	for _, at := range []int{0, 1} {
		t.Run(fmt.Sprint("stream at node ", at), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var running atomic.Int64
				failed := make(chan mpreg.Event, 1)
				c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
					if i != at {
						return nil
					}
					return endless(s, &running)
				}), mpregtest.ServerOptions(func(i int) []mpreg.ServerOption {
					if i == 1 {
						return nil
					}
					return []mpreg.ServerOption{mpreg.WithObserver(func(_ context.Context, e mpreg.Event) {
						if e.Kind == mpreg.CommandFailed {
							failed <- e
						}
					})}
				}))
				for range 8 {
					p := testkit.Dial(t, c.Node(0).URL(), websocket.Dialer{NetDialContext: c.Dial})
					p.Send(`{"role":"rpc","u":"1","stream":true,"cmds":[{"name":"a","fun":"count"}]}`)
					_, _, err := p.ReadMessage()
					testkit.Must(t, err)
					testkit.Must(t, p.UnderlyingConn().Close())
					e := testkit.AsError(t, (<-failed).Err) // unavailable if the link's end is seen first
					if e.Code != mpreg.Canceled && e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedYes {
						t.Fatalf("got %v, want that its caller is gone, and that it was executed", e)
					}
				}
				synctest.Wait()
				if n := running.Load(); n != 0 {
					t.Errorf("%d streams run that nobody reads", n)
				}
			})
		})
	}
}

// TestDepartedRelay: a stream ends with the node that passes it on.
func TestDepartedRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int64
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i != 2 {
				return nil
			}
			return endless(s, &running)
		}))
		client := c.ClientOf([]int{1})
		ended := make(chan error, 1)
		go func() {
			for _, err := range client.Stream(t.Context(), "count") {
				if err != nil {
					ended <- err
					return
				}
				testkit.Pass(time.Millisecond)
			}
			ended <- nil
		}()
		testkit.Pass(time.Second)
		if n := running.Load(); n != 1 {
			t.Errorf("%d streams run, want 1", n)
		}
		c.Node(1).Kill()
		if err := <-ended; !errors.Is(err, mpreg.Unavailable) || testkit.AsError(t, err).Executed == mpreg.ExecutedNo {
			t.Errorf("got %v, want unavailable, and not that it was not executed", err)
		}
		synctest.Wait()
		if n := running.Load(); n != 0 {
			t.Errorf("%d streams run that nobody reads", n)
		}
	})
}

// TestDepartedCoordinator: whenever a coordinator stops that has no time to drain,
// nothing that is not idempotent runs twice, its caller is not told that nothing was
// executed if something was, and nothing of the request is left anywhere.
func TestDepartedCoordinator(t *testing.T) {
	for step := range 6 {
		offset := time.Duration(step) * 33 * time.Millisecond
		t.Run(offset.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testDepartedCoordinator(t, offset) })
		})
	}
}

func testDepartedCoordinator(t *testing.T, offset time.Duration) {
	var runs [3]atomic.Int64
	c := mpregtest.NewCluster(t, 5, mpregtest.Setup(func(i int, s *mpreg.Server) error {
		if i < 2 {
			return nil // these coordinate
		}
		return errors.Join(
			s.Register("one", func() string {
				runs[0].Add(1)
				testkit.Pass(20 * time.Millisecond)
				return strings.Repeat("x", 1<<17)
			}),
			s.Register("two", func(s string) int {
				runs[1].Add(1)
				testkit.Pass(20 * time.Millisecond)
				return len(s)
			}),
			s.Register("three", func(n int) int { runs[2].Add(1); return n }))
	}), mpregtest.Latency(10*time.Millisecond), mpregtest.Config(func(i int, cfg *mpreg.Config) {
		if i < 2 {
			cfg.DrainTimeout = 15 * time.Millisecond
		}
	}))
	client := c.ClientOf([]int{0, 1})
	testkit.Must(t, client.Ready(t.Context()))
	r := mpreg.NewRequest()
	three := r.Add("three", r.Add("two", r.Add("one")))
	done := testkit.Later(func() (*mpreg.Response, error) { return client.With(mpreg.Timeout(time.Minute)).Do(t.Context(), r) })
	testkit.Pass(offset)
	_ = c.Node(0).Stop() // fails if the request is still there
	got := <-done
	testkit.Pass(31 * time.Second) // as long as leases of a coordinator that is gone may last
	var ran int64
	for i := range runs {
		n := runs[i].Load()
		if ran += n; n > 1 {
			t.Errorf("command %d ran %d times: %v", i, n, got.Err)
		}
	}
	if got.Err != nil {
		if e := testkit.AsError(t, got.Err); e.Executed == mpreg.ExecutedNo && e.Command == "" && ran > 0 {
			t.Errorf("%d commands ran, and the caller was told: %v", ran, e)
		}
	} else if n, err := mpreg.Get[int](got.Value, three); err != nil || n != 1<<17 || ran != 3 {
		t.Errorf("got %d, %v, of %d commands", n, err, ran)
	}
	holdsNothing(t, c)
}
