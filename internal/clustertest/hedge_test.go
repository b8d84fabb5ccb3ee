package clustertest_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// stalling is a function that two nodes offer, and that takes a millisecond; one run
// in some takes a second, unless it is canceled.
type stalling struct {
	every          int64
	runs, canceled atomic.Int64
	took           []time.Duration // of calls
}

func (f *stalling) cluster(t *testing.T, opts ...mpreg.FuncOption) *mpregtest.Cluster {
	return mpregtest.NewCluster(t, 3, elsewhere("f", func(ctx context.Context) {
		if f.runs.Add(1)%f.every != 0 {
			testkit.Pass(time.Millisecond)
			return
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			f.canceled.Add(1)
		}
	}, opts...))
}

func (f *stalling) call(t *testing.T, client *mpreg.Client, calls int) {
	t.Helper()
	f.took = nil
	for range calls {
		start := time.Now()
		if _, err := client.Call(t.Context(), "f"); err != nil {
			t.Fatal(err)
		}
		f.took = append(f.took, time.Since(start))
	}
	slices.Sort(f.took)
}

// TestHedgingCutsTheTail: who takes long has a rival, and is canceled when that is
// done.
func TestHedgingCutsTheTail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := stalling{every: 10}
		client := f.cluster(t, mpreg.Idempotent()).Node(0).Server().Client()
		f.call(t, client, 100)
		if most := f.took[99]; most != time.Second {
			t.Fatalf("without: %v", most)
		}
		f.runs.Store(0)
		f.call(t, client.With(mpreg.Hedge(20*time.Millisecond)), 90)
		if most := f.took[89]; most != 21*time.Millisecond {
			t.Errorf("after 20 ms: %v", most)
		}
		synctest.Wait()
		if runs, canceled := f.runs.Load(), f.canceled.Load(); runs != 99 || canceled != 9 {
			t.Errorf("%d runs for 90 calls, of which %d were canceled", runs, canceled)
		}
	})
}

// TestHedgingByWhatMostTake: after some calls it is known what is long.
func TestHedgingByWhatMostTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := stalling{every: 40}
		client := f.cluster(t, mpreg.Idempotent()).Node(0).Client(mpreg.Hedge(0))
		f.call(t, client, 15)
		f.runs.Store(39)
		f.call(t, client, 1)
		if most := f.took[0]; most != time.Second {
			t.Fatalf("when little was known it took %v", most)
		}
		f.call(t, client, 39)
		f.call(t, client, 200)
		if most := f.took[199]; most < 2*time.Millisecond || most > 2300*time.Microsecond {
			t.Errorf("the longest took %v", most)
		}
		synctest.Wait()
		if n := f.canceled.Load(); n != 6 { // in 200 calls and 6 second attempts
			t.Errorf("%d were canceled", n)
		}
	})
}

// TestOnlyIdempotentIsHedged: what may do harm runs once, however long it takes.
func TestOnlyIdempotentIsHedged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := stalling{every: 10}
		client := f.cluster(t).Node(0).Client(mpreg.Hedge(20 * time.Millisecond))
		f.call(t, client, 100)
		if f.runs.Load() != 100 || f.took[99] != time.Second {
			t.Errorf("%d runs, the longest of %v", f.runs.Load(), f.took[99])
		}
	})
}

// TestHedgesAreBounded: there are no more second attempts than retries.
func TestHedgesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls = 500
		var runs atomic.Int64
		c := mpregtest.NewCluster(t, 3, elsewhere("f", func() { runs.Add(1); testkit.Pass(10 * time.Millisecond) }, mpreg.Idempotent()))
		client := c.Node(0).Client(mpreg.Hedge(time.Millisecond)) // much too soon
		for range calls {
			_, err := client.Call(t.Context(), "f")
			testkit.Must(t, err)
		}
		synctest.Wait()
		if n, most := runs.Load(), int64(calls+calls/10+100); n > most || n < most-1 {
			t.Errorf("%d runs for %d calls, want %d", n, calls, most)
		}
	})
}

// TestHedgeOfFailures: a failure waits for the other attempt, and is told if that
// fails too.
func TestHedgeOfFailures(t *testing.T) {
	for _, row := range []struct {
		name  string
		first error // of whoever runs it first, after 30 ms
		other error // of the other, which begins after 10 ms and takes 50 ms
		took  time.Duration
	}{
		{"first fails", errors.New("no"), nil, 60 * time.Millisecond},
		{"first succeeds", nil, errors.New("no"), 30 * time.Millisecond},
		{"both fail", errors.New("no"), errors.New("neither"), 60 * time.Millisecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var runs atomic.Int64
				c := mpregtest.NewCluster(t, 3, elsewhere("f", func() error {
					if runs.Add(1) == 1 {
						testkit.Pass(30 * time.Millisecond)
						return row.first
					}
					testkit.Pass(50 * time.Millisecond)
					return row.other
				}, mpreg.Idempotent()))
				start := time.Now()
				_, err := c.Node(0).Client(mpreg.Hedge(10*time.Millisecond)).Call(t.Context(), "f")
				if took := time.Since(start); took != row.took {
					t.Errorf("took %v, want %v", took, row.took)
				}
				if failed := row.first != nil && row.other != nil; failed != errors.Is(err, mpreg.Failed) || !failed && err != nil {
					t.Errorf("got %v", err)
				}
				if runs.Load() != 2 {
					t.Errorf("%d runs", runs.Load())
				}
				testkit.Pass(time.Second) // for the one that lost
			})
		})
	}
}

// TestStubbornLoser: an attempt that lost, and does not heed that, keeps no caller
// waiting; but the node does not stop before it has ended.
func TestStubbornLoser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register("f", mpreg.Func(func() int {
				if i == 0 {
					<-open
				}
				return i
			}, mpreg.Idempotent()))
		}))
		start := time.Now()
		got, err := mpreg.Call[int](t.Context(), c.Node(0).Client(mpreg.Hedge(10*time.Millisecond)), "f")
		if took := time.Since(start); err != nil || got != 1 || took != 10*time.Millisecond {
			t.Errorf("got %d, %v, after %v", got, err, took)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- c.Node(0).Stop() }()
		synctest.Wait()
		select {
		case err := <-stopped:
			t.Errorf("the node has stopped while a function runs: %v", err)
		default:
		}
		close(open)
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
}

// TestHedgeWithoutRival: where only one node offers the function, nothing happens.
func TestHedgeWithoutRival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		c := mpregtest.NewCluster(t, 2, elsewhere("f", func() { runs.Add(1); testkit.Pass(time.Second) }, mpreg.Idempotent()))
		_, err := c.Node(0).Client(mpreg.Hedge(time.Millisecond)).Call(t.Context(), "f")
		if err != nil || runs.Load() != 1 {
			t.Errorf("%d runs, %v", runs.Load(), err)
		}
	})
}
