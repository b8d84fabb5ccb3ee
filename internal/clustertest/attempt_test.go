package clustertest_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestHedgedEvents: the events of a command of which two attempts are made name the
// node whose result it was, whichever is faster.
func TestHedgedEvents(t *testing.T) {
	for winner := 1; winner <= 2; winner++ {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var runs []string // in which order the nodes began
			c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
				if i == 0 {
					return nil
				}
				return s.Register("f", mpreg.Func(func(ctx context.Context) (string, error) {
					mu.Lock()
					runs = append(runs, s.ID())
					wins := len(runs) == winner
					mu.Unlock()
					if !wins {
						<-ctx.Done()
						return "", ctx.Err()
					}
					testkit.Pass(50 * time.Millisecond) // so that the other has begun
					return s.ID(), nil
				}, mpreg.Idempotent()))
			}))
			var finished []string
			client := c.Node(0).Server().Client().With(mpreg.Hedge(10*time.Millisecond), mpreg.OnEvent(func(e mpreg.Event) {
				if e.Kind == mpreg.CommandFinished {
					finished = append(finished, e.NodeID)
				}
			}))
			got, err := mpreg.Call[string](t.Context(), client, "f")
			testkit.Must(t, err)
			mu.Lock()
			defer mu.Unlock()
			if len(runs) != 2 || got != runs[winner-1] || !cmp.Equal(finished, []string{got}) {
				t.Errorf("attempt %d wins: it ran at %q, the result is of %q, and the events say %q", winner, runs, got, finished)
			}
		})
	}
}

// TestHedgedLosersHoldTheirPlaces: the attempt that lost, and that goes on, counts in
// MaxInFlight although its request was answered: the bound is of what runs.
func TestHedgedLosersHoldTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register("f", mpreg.Func(func() {
				if i == 0 {
					<-release
				}
			}, mpreg.Idempotent()))
		}), mpregtest.Config(func(i int, cfg *mpreg.Config) {
			if i == 0 {
				cfg.MaxInFlight = 1
			}
		}))
		client := c.Node(0).Server().Client().With(mpreg.Hedge(10 * time.Millisecond))
		_, err := client.Call(t.Context(), "f")
		testkit.Must(t, err)
		if _, err := client.Call(t.Context(), "f"); !errors.Is(err, mpreg.ResourceExhausted) {
			t.Errorf("an attempt still runs, and MaxInFlight is 1: %v", err)
		}
		close(release)
		synctest.Wait()
		_, err = client.Call(t.Context(), "f")
		testkit.Must(t, err)
	})
}

// TestHedgedResultsStay: where a client hedges by default, a large result goes to the
// node that uses it and not by way of the coordinator; and that of the slower attempt
// is held by nobody.
func TestHedgedResultsStay(t *testing.T) {
	for name, after := range map[string]time.Duration{"one attempt": time.Hour, "two": 10 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			const size = 1 << 20
			c := mpregtest.NewCluster(t, 4, mpregtest.Setup(func(i int, s *mpreg.Server) error {
				switch i {
				case 1, 2:
					return s.Register("make", mpreg.Func(func() []byte {
						testkit.Pass(50 * time.Millisecond)
						return bytes.Repeat([]byte{1}, size)
					}, mpreg.Idempotent()))
				case 3:
					return s.Register("use", func(b []byte) int { return len(b) })
				}
				return nil
			}))
			carried := func() int64 { return c.Bytes(1, 0) + c.Bytes(2, 0) }
			before := carried()
			r := mpreg.NewRequest()
			use := r.Add("use", r.Add("make"))
			resp, err := c.Node(0).Server().Client().With(mpreg.Hedge(after)).Do(t.Context(), r)
			testkit.Must(t, err)
			if got, err := mpreg.Get[int](resp, use); err != nil || got != size {
				t.Errorf("%s: got %d, %v", name, got, err)
			}
			if n := carried() - before; n > 1<<16 {
				t.Errorf("%s: the coordinator was sent %d bytes", name, n)
			}
			testkit.Pass(time.Second)
			holdsNothing(t, c)
		})
	}
}
