package clustertest_test

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

// TestFailingNodeDoesNotAttract: who fails at once is not the fastest.
func TestFailingNodeDoesNotAttract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			switch i {
			case 1:
				return s.Register("work", func() { testkit.Pass(time.Millisecond) })
			case 2:
				return s.Register("work", func() error { return errors.New("no disk") })
			}
			return nil
		}))
		failed := 0
		for range 200 {
			if _, err := c.Node(0).Server().Client().Call(t.Context(), "work"); err != nil {
				failed++
			}
		}
		if failed > 50 {
			t.Errorf("%d of 200 calls went to the node that fails", failed)
		}
	})
}

// TestSlowOnceComesBack: a node that was slow gets a call now and then, or nobody
// would ever know that it is not any more.
func TestSlowOnceComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran [3]atomic.Int64
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return s.Register("work", func() {
				if ran[i].Add(1) == 1 && i == 1 {
					testkit.Pass(5 * time.Second) // a cold start
				}
				testkit.Pass(time.Millisecond)
			})
		}))
		cl := c.Node(0).Server().Client()
		for ran[1].Load() == 0 {
			_, err := cl.Call(t.Context(), "work")
			testkit.Must(t, err)
		}
		for range 1000 {
			_, err := cl.Call(t.Context(), "work")
			testkit.Must(t, err)
			testkit.Pass(time.Second)
		}
		if n := ran[1].Load(); n < 10 {
			t.Errorf("of 1000 calls it ran %d", n)
		}
	})
}

// TestForwardedCallsAreNotBalancedAgain: a node that has the function runs it.
func TestForwardedCallsAreNotBalancedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int64
		const n = 5
		c := mpregtest.NewCluster(t, n, elsewhere("work", func() { testkit.Pass(time.Millisecond) }), mpregtest.ServerOptions(func(i int) []mpreg.ServerOption {
			return []mpreg.ServerOption{mpreg.WithObserver(func(_ context.Context, e mpreg.Event) {
				if i > 0 && e.Kind == mpreg.RequestStarted {
					requests.Add(1)
				}
			})}
		}))
		cl := c.Node(0).Server().Client()
		done := make(chan error)
		for range 64 {
			go func() {
				for range 50 {
					if _, err := cl.Call(t.Context(), "work"); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 64 {
			testkit.Must(t, <-done)
		}
		if n := requests.Load(); n != 3200 {
			t.Errorf("3200 calls became %d requests", n)
		}
	})
}

// TestAttemptsDoNotMultiply: one node tries others, those do not.
func TestAttemptsDoNotMultiply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 6
		var attempts atomic.Int64
		c := mpregtest.NewCluster(t, n, mpregtest.Setup(func(_ int, s *mpreg.Server) error {
			return s.Register("f", mpreg.Func(func(ctx context.Context) { <-ctx.Done() }, mpreg.MaxConcurrent(1), mpreg.MaxQueued(-1)))
		}), countAttempts("f", &attempts))
		ctx, cancel := context.WithCancel(t.Context())
		for i := range n {
			go func() { _, _ = c.Node(i).Server().Client().With(mpreg.OnNode(c.Node(i).Name())).Call(ctx, "f") }()
		}
		synctest.Wait()
		before := attempts.Load()
		_, err := c.Node(0).Server().Client().Call(t.Context(), "f")
		if n := attempts.Load() - before; !errors.Is(err, mpreg.ResourceExhausted) || n > 4 {
			t.Errorf("%d attempts, and %v", n, err)
		}
		cancel()
		synctest.Wait()
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
