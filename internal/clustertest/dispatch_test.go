package clustertest_test

import (
	"context"
	"errors"
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

// countAttempts counts how often a function is tried, at whatever node.
func countAttempts(fn string, attempts *atomic.Int64) mpregtest.Option {
	return mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
		return []mpreg.ServerOption{mpreg.WithInterceptors(func(next mpreg.Invoker) mpreg.Invoker {
			return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
				if inv.Function == fn {
					attempts.Add(1)
				}
				return next(ctx, inv)
			}
		})}
	})
}

// TestRetriesAreBounded: where every node refuses, calls are tried elsewhere until
// the budget for that is used up, and the error says so then, and where it failed.
func TestRetriesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, calls = 4, 1000
		var attempts atomic.Int64
		c := mpregtest.NewCluster(t, n, elsewhere("f", func(ctx context.Context) { <-ctx.Done() }, mpreg.MaxConcurrent(1), mpreg.MaxQueued(-1)), countAttempts("f", &attempts))
		ctx, cancel := context.WithCancel(t.Context())
		for i := 1; i < n; i++ { // each node is full
			go func() { _, _ = c.Node(i).Server().Client().With(mpreg.OnNode(c.Node(i).Name())).Call(ctx, "f") }()
		}
		synctest.Wait()
		before := attempts.Load()
		client := c.Node(0).Server().Client()
		exhausted := 0
		for range calls {
			_, err := client.Call(t.Context(), "f")
			var e *mpreg.Error
			if !errors.As(err, &e) || e.Code != mpreg.ResourceExhausted || e.Executed != mpreg.ExecutedNo ||
				!strings.HasPrefix(e.Node, "node-") || e.Details["limit"] != "max_concurrent" || e.Details["hop"] != int64(1) {
				t.Fatalf("got %v, details %v", err, e.Details)
			}
			if e.Details["retry_budget"] == "exhausted" && strings.Contains(e.Message, "retry budget") {
				exhausted++
			}
		}
		made := attempts.Load() - before
		if most := int64(calls + calls/10 + 100); made > most || made < most-1 {
			t.Errorf("%d calls were tried %d times, want %d", calls, made, most)
		}
		if exhausted < calls*3/4 {
			t.Errorf("%d of %d errors say that the budget is exhausted", exhausted, calls)
		}
		cancel()
		synctest.Wait()
	})
}

// TestNotMineAnyMoreIsFree: a node that has withdrawn a function sends the call back,
// and it runs elsewhere, more often than the retry budget would let it.
func TestNotMineAnyMoreIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sentBack atomic.Int64
		c := mpregtest.NewCluster(t, 2, mpregtest.Latency(5*time.Millisecond), mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register("f", func() int {
				if i == 0 {
					testkit.Pass(time.Second) // it is slow here: calls go to the other node
				}
				return i
			})
		}), mpregtest.ServerOptions(func(i int) []mpreg.ServerOption {
			return []mpreg.ServerOption{mpreg.WithObserver(func(_ context.Context, e mpreg.Event) {
				if i == 1 && e.Kind == mpreg.RequestEnded && errors.Is(e.Err, mpreg.NotFound) {
					sentBack.Add(1)
				}
			})}
		}))
		client := c.Node(0).Server().Client()
		_, err := client.Call(t.Context(), "f") // it is known to be slow
		testkit.Must(t, err)
		calls := int64(1)
		for rounds := 0; sentBack.Load() <= 100+calls/10; rounds++ {
			if rounds == 1000 {
				t.Fatalf("%d of %d calls were sent back: too few to tell", sentBack.Load(), calls)
			}
			c.Node(1).Server().Unregister("f")
			var ended sync.WaitGroup
			for range 8 { // before that is known
				ended.Go(func() {
					if got, err := mpreg.Call[int](t.Context(), client, "f"); err != nil || got != 0 {
						t.Errorf("got %d, %v", got, err)
					}
				})
			}
			calls += 8
			ended.Wait()
			testkit.Must(t, c.Node(1).Server().Register("f", func() int { return 1 }))
			c.WaitConverged()
			if _, err := client.Call(t.Context(), "f"); err != nil { // to know how fast it is
				t.Error(err)
			}
			calls++
		}
		t.Logf("%d of %d calls were sent back", sentBack.Load(), calls)
	})
}

// TestStaleRoutesEnd: three nodes that each believe the next to have a function do not
// pass a call around for ever.
func TestStaleRoutesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		c := mpregtest.NewCluster(t, 3, mpregtest.Latency(50*time.Millisecond), mpregtest.Setup(func(_ int, s *mpreg.Server) error {
			return s.Register("f", func() {})
		}), mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
			return []mpreg.ServerOption{mpreg.WithObserver(func(_ context.Context, e mpreg.Event) {
				if e.Kind == mpreg.RequestStarted {
					requests.Add(1)
				}
			})}
		}))
		for _, node := range c.Nodes() {
			node.Server().Unregister("f") // which the others don't know yet
		}
		_, err := c.Node(0).Server().Client().Call(t.Context(), "f")
		if !errors.Is(err, mpreg.NotFound) {
			t.Errorf("got %v", err)
		}
		if n := requests.Load(); n > 1+4*5 {
			t.Errorf("the call became %d requests", n)
		}
	})
}
