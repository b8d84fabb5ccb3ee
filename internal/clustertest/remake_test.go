package clustertest_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// remakeSize is the size of the results that are lost: large enough to stay.
const remakeSize = 1 << 17

// killHolder kills the first of these nodes that holds a result.
func killHolder(t *testing.T, c *mpregtest.Cluster, nodes ...int) {
	t.Helper()
	for _, i := range nodes {
		if testkit.Status(t, c.Node(i).Server()).Leases.Count > 0 {
			c.Node(i).Kill()
			return
		}
	}
	t.Fatalf("none of nodes %d holds a result", nodes)
}

// remakeChain is a cluster of 7 whose node 0 coordinates, and in which "use" needs what
// "turn" makes of what "base" makes: node 1 offers base, nodes 2 and 4 turn, nodes 3
// and 5 use, which waits for the gate at node 6.
type remakeChain struct {
	*mpregtest.Cluster
	gate         chan struct{}
	bases, turns atomic.Int64 // how often they ran
}

func newRemakeChain(t *testing.T, latency, takes time.Duration, base ...mpreg.FuncOption) *remakeChain {
	t.Helper()
	c := &remakeChain{gate: make(chan struct{})}
	c.Cluster = mpregtest.NewCluster(t, 7, mpregtest.Setup(func(i int, s *mpreg.Server) error {
		switch i {
		case 1:
			return s.Register("base", mpreg.Func(func() string {
				c.bases.Add(1)
				testkit.Pass(takes)
				return text(remakeSize)()
			}, base...))
		case 2, 4:
			return s.Register("turn", mpreg.Func(func(s string) string {
				c.turns.Add(1)
				testkit.Pass(takes)
				return s + s
			}, mpreg.Idempotent()))
		case 3, 5:
			return s.Register("use", func(s string, _ any) int { testkit.Pass(takes); return len(s) })
		case 6:
			return s.Register("gate", func() { <-c.gate })
		}
		return nil
	}), mpregtest.Latency(latency))
	return c
}

// TestRemadeOnce: a result that many commands need, and that is lost, is made again
// once for all of them, with the input that was released when it was there. When the
// request is over nobody holds anything.
func TestRemadeOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newRemakeChain(t, 5*time.Millisecond, 0, mpreg.Idempotent())
		r := mpreg.NewRequest()
		turned, gate := r.Add("turn", r.Add("base")), r.Add("gate")
		uses := make([]*mpreg.Command, 8)
		for i := range uses {
			uses[i] = r.Add("use", turned, gate)
		}
		done := testkit.Later(func() (*mpreg.Response, error) { return c.Node(0).Server().Client().Do(t.Context(), r) })
		testkit.Pass(5 * time.Second)
		killHolder(t, c.Cluster, 2, 4)
		testkit.Pass(10 * time.Second)
		close(c.gate)
		got := <-done
		testkit.Must(t, got.Err)
		for _, use := range uses {
			if n, err := mpreg.Get[int](got.Value, use); err != nil || n != 2*remakeSize {
				t.Errorf("got %d, %v, want %d", n, err, 2*remakeSize)
			}
		}
		if turns, bases := c.turns.Load(), c.bases.Load(); turns != 2 || bases != 2 {
			t.Errorf("turn ran %d times and base %d, want 2 of each", turns, bases)
		}
		testkit.Pass(time.Second)
		holdsNothing(t, c.Cluster)
	})
}

// TestKeptForRemaking: what can't be made again is kept for as long as a result that
// was made of it, and that is held elsewhere, may be lost; at whatever moment its other
// consumer ends.
func TestKeptForRemaking(t *testing.T) {
	for _, offset := range []time.Duration{0, 100 * time.Millisecond, 225 * time.Millisecond} {
		t.Run(offset.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newRemakeChain(t, 50*time.Millisecond, 0)
				other := make(chan struct{})
				testkit.Must(t, c.Node(3).Server().Register("other", func(s string) int { <-other; return len(s) }))
				testkit.Pass(time.Second)
				r := mpreg.NewRequest()
				base := r.Add("base")
				use := r.Add("use", r.Add("turn", base), r.Add("gate"))
				r.Add("other", base)
				done := testkit.Later(func() (*mpreg.Response, error) { return c.Node(0).Server().Client().Do(t.Context(), r) })
				testkit.Pass(5 * time.Second)
				killHolder(t, c.Cluster, 2, 4)
				testkit.Pass(10 * time.Second)
				close(c.gate)
				testkit.Pass(offset)
				close(other)
				got := <-done
				testkit.Must(t, got.Err)
				if n, err := mpreg.Get[int](got.Value, use); err != nil || n != 2*remakeSize || c.bases.Load() != 1 {
					t.Errorf("got %d, %v; base ran %d times", n, err, c.bases.Load())
				}
				testkit.Pass(time.Second)
				holdsNothing(t, c.Cluster)
			})
		})
	}
}

// TestCanceledWhileRemaking: whenever a request is canceled whose results are made
// again, nobody runs anything of it or holds anything for longer than a lease that
// nobody renews.
func TestCanceledWhileRemaking(t *testing.T) {
	for _, offset := range []time.Duration{20 * time.Millisecond, 90 * time.Millisecond, 160 * time.Millisecond} {
		t.Run(offset.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newRemakeChain(t, 20*time.Millisecond, 20*time.Millisecond, mpreg.Idempotent())
				r := mpreg.NewRequest()
				turned, gate := r.Add("turn", r.Add("base")), r.Add("gate")
				for range 3 {
					r.Add("use", turned, gate)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := testkit.Later(func() (*mpreg.Response, error) { return c.Node(0).Server().Client().Do(ctx, r) })
				testkit.Pass(2 * time.Second)
				killHolder(t, c.Cluster, 2, 4)
				testkit.Pass(10 * time.Second)
				close(c.gate)
				testkit.Pass(offset)
				cancel()
				if got := <-done; got.Err != nil && !errors.Is(got.Err, context.Canceled) {
					t.Errorf("got %v", got.Err)
				}
				testkit.Pass(31 * time.Second)
				holdsNothing(t, c.Cluster)
			})
		})
	}
}

// TestManyLostAtOnce: a command that loses most of its inputs with one node still runs,
// once all of them were made again.
func TestManyLostAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const inputs = 24
		gate := make(chan struct{})
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			switch i {
			case 1, 2:
				return s.Register("make", mpreg.Func(func(n int) string {
					testkit.Pass(time.Millisecond) // so that both have some to make
					return text(remakeSize + n)()
				}, mpreg.Idempotent()))
			case 3:
				return errors.Join(
					s.Register("gate", func() { <-gate }),
					s.Register("use", func(list []string, _ any) int { return len(strings.Join(list, "")) }))
			}
			return nil
		}))
		r := mpreg.NewRequest()
		var list []any
		want := 0
		for i := range inputs {
			list = append(list, r.Add("make", i).Named("m"+strconv.Itoa(i)))
			want += remakeSize + i
		}
		use := r.Add("use", list, r.Add("gate"))
		done := testkit.Later(func() (*mpreg.Response, error) { return c.Node(0).Server().Client().Do(t.Context(), r) })
		testkit.Pass(5 * time.Second)
		lost := 1
		if testkit.Status(t, c.Node(2).Server()).Leases.Count > inputs/2 {
			lost = 2
		}
		if n := testkit.Status(t, c.Node(lost).Server()).Leases.Count; n < 4 {
			t.Fatalf("only %d results will be lost", n)
		}
		c.Node(lost).Kill()
		testkit.Pass(10 * time.Second)
		close(gate)
		got := <-done
		testkit.Must(t, got.Err)
		if n, err := mpreg.Get[int](got.Value, use); err != nil || n != want {
			t.Errorf("got %d, %v, want %d", n, err, want)
		}
	})
}

// TestRemakeDoesNotDeny: a command that may have run before its input was lost is not
// said to be not executed because it is refused once the input is there again.
func TestRemakeDoesNotDeny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *mpregtest.Cluster
		var uses atomic.Int64
		c = mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return errors.Join(
				s.Register("make", mpreg.Func(text(remakeSize), mpreg.Idempotent())),
				s.Register("use", mpreg.Func(func(ctx context.Context, _ string) {
					uses.Add(1)
					c.Node(i).Kill() // with what it was made of, if that is here
					<-ctx.Done()
				}, mpreg.Idempotent())))
		}), mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
			return []mpreg.ServerOption{mpreg.WithAuthorizer(func(_ context.Context, inv *mpreg.Invocation) error {
				if inv.Function == "use" && uses.Load() > 0 {
					return errors.New("not again")
				}
				return nil
			})}
		}))
		r := mpreg.NewRequest()
		r.Add("use", r.Add("make")).Named("u")
		_, err := c.Node(0).Server().Client().With(mpreg.Timeout(time.Minute)).Do(t.Context(), r)
		if e := testkit.AsError(t, err); uses.Load() != 1 || e.Code != mpreg.PermissionDenied || e.Command != "u" || e.Executed != mpreg.ExecutedMaybe {
			t.Errorf("use ran %d times: %v", uses.Load(), e)
		}
	})
}

// TestRemakeInVain: of a result that was lost, and that nobody is there to make again,
// the error does not say that its function was not executed, even if the call waits for
// a route until its deadline.
func TestRemakeInVain(t *testing.T) {
	for _, opts := range [][]mpreg.CallOption{nil, {mpreg.WaitForRoute()}} {
		synctest.Test(t, func(t *testing.T) {
			var c *mpregtest.Cluster
			var makes atomic.Int64
			c = mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
				switch i {
				case 1:
					return s.Register("make", mpreg.Func(func() string { makes.Add(1); return text(remakeSize)() }, mpreg.Idempotent()))
				case 2:
					return errors.Join(
						s.Register("kill", func(string) { c.Node(1).Kill() }),
						s.Register("use", func(_ any, s string) int { return len(s) }))
				}
				return nil
			}))
			r := mpreg.NewRequest()
			m := r.Add("make").Named("m")
			r.Add("use", r.Add("kill", m), m).Named("u")
			client := c.Node(0).Server().Client().With(mpreg.Timeout(time.Minute))
			_, err := client.With(opts...).Do(t.Context(), r)
			if e := testkit.AsError(t, err); makes.Load() != 1 || e.Command != "m" || e.Executed != mpreg.ExecutedYes {
				t.Errorf("waits: %t; make ran %d times: %v", opts != nil, makes.Load(), e)
			}
		})
	}
}

// TestLossIsNotForged: the error of a function that ran is its own, whatever its
// details say: it does not have the command's input made again, and the command run.
func TestLossIsNotForged(t *testing.T) {
	for _, code := range []mpreg.Code{2001, mpreg.Unavailable} {
		synctest.Test(t, func(t *testing.T) {
			var makes, pays atomic.Int64
			c := fetching(t, func() string { makes.Add(1); return text(remakeSize)() }, func(string) error {
				pays.Add(1)
				return &mpreg.Error{Code: code, Message: "the bank is closed", Details: map[string]any{"lost_result": "m"}}
			}, nil, mpreg.Idempotent())
			r := mpreg.NewRequest()
			r.Add("use", r.Add("make").Named("m")).Named("u")
			_, err := c.Node(0).Server().Client().Do(t.Context(), r)
			if e := testkit.AsError(t, err); pays.Load() != 1 || makes.Load() != 1 || e.Code != code || e.Command != "u" || e.Executed != mpreg.ExecutedYes {
				t.Errorf("it ran %d times, and its input was made %d times: %v", pays.Load(), makes.Load(), e)
			}
		})
	}
}
