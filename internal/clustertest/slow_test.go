package clustertest_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// workload is calls of "work", which several nodes offer.
type workload struct {
	client *mpreg.Client
	ran    []atomic.Int64 // by node
	took   []atomic.Int64 // what the function takes there, in ns
	fails  []atomic.Bool  // it panics there
}

// newWorkload starts a cluster of n nodes. The first takes the calls; it offers the
// function too if it competes.
func newWorkload(t *testing.T, n int, competes bool) *workload {
	w := &workload{ran: make([]atomic.Int64, n), took: make([]atomic.Int64, n), fails: make([]atomic.Bool, n)}
	for i := range n {
		w.took[i].Store(int64(time.Millisecond))
	}
	c := mpregtest.NewCluster(t, n, mpregtest.Setup(func(i int, s *mpreg.Server) error {
		if i == 0 && !competes {
			return nil
		}
		return s.Register("work", func() {
			w.ran[i].Add(1)
			if w.fails[i].Load() {
				panic("no disk")
			}
			testkit.Pass(time.Duration(w.took[i].Load()))
		})
	}), mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
		return []mpreg.ServerOption{mpreg.WithLogger(testkit.Quiet)}
	}))
	w.client = c.Node(0).Server().Client()
	return w
}

// run makes calls, several at a time, and returns how many of them failed, and which
// part of all ran where.
func (w *workload) run(calls, callers int) (failed int64, share []float64) {
	before := make([]int64, len(w.ran))
	for i := range w.ran {
		before[i] = w.ran[i].Load()
	}
	var left, failures atomic.Int64
	left.Store(int64(calls))
	done := make(chan struct{})
	for range callers {
		go func() {
			for left.Add(-1) >= 0 {
				if _, err := w.client.Call(context.Background(), "work"); err != nil {
					failures.Add(1)
				}
			}
			done <- struct{}{}
		}()
	}
	for range callers {
		<-done
	}
	for i := range w.ran {
		share = append(share, float64(w.ran[i].Load()-before[i])/float64(calls))
	}
	return failures.Load(), share
}

// TestSlowNode: one of three that takes ten times as long gets less than 5 % of the
// calls, from one caller or from many, and its part again soon after it has
// recovered. Balancing alone does that, without ejecting it.
func TestSlowNode(t *testing.T) {
	for _, callers := range []int{1, 8, 64} {
		for _, local := range []bool{false, true} {
			t.Run(fmt.Sprintf("callers=%d/this_node=%v", callers, local), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n, slow := 4, 1
					if local { // of three that all offer it, the one that takes the calls is slow
						n, slow = 3, 0
					}
					w := newWorkload(t, n, local)
					w.run(300, callers)
					w.took[slow].Store(int64(10 * time.Millisecond))
					w.run(200, callers) // that show it
					_, share := w.run(4000, callers)
					if share[slow] >= 0.05 || share[slow] == 0 {
						t.Errorf("the slow one ran %.2f %%", 100*share[slow])
					}
					t.Logf("slow: %.2f %%", 100*share[slow])
					w.took[slow].Store(int64(time.Millisecond))
					rounds := 1
					for ; rounds <= 20; rounds++ {
						if _, share = w.run(250, callers); share[slow] > 0.2 {
							break
						}
					}
					if rounds > 20 {
						t.Errorf("5000 calls after it has recovered it runs %.2f %%", 100*share[slow])
					}
					t.Logf("recovered: back within %d calls", rounds*250)
				})
			})
		}
	}
}

// TestSlowNodeComesBackWithFewCalls: where calls are rare, those that find out count
// for more.
func TestSlowNodeComesBackWithFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorkload(t, 4, false)
		w.took[1].Store(int64(10 * time.Millisecond))
		w.run(300, 8)
		w.took[1].Store(int64(time.Millisecond))
		before, calls := w.ran[1].Load(), 0
		for ; calls < 1000 && w.ran[1].Load() < before+30; calls++ {
			w.run(1, 1)
			testkit.Pass(500 * time.Millisecond)
		}
		if calls == 1000 {
			t.Errorf("of 1000 calls, two a second, it ran %d", w.ran[1].Load()-before)
		}
	})
}
