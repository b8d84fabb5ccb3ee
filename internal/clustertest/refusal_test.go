package clustertest_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestRefusedAfterFill: a node that has put a large result into the arguments of a
// command, and whose interceptor then refuses it, sends another node the arguments as
// they were: the result is put into them there, once.
func TestRefusedAfterFill(t *testing.T) {
	type input struct {
		Large string `json:"large"`
		Small string `json:"small"`
	}
	type output struct {
		Large int
		Small string
	}
	refuse := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Function == "use" {
				return mpreg.Value{}, mpreg.Errorf(mpreg.Unavailable, "not here")
			}
			return next(ctx, inv)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 1 {
				return s.Register("make", func() string { return strings.Repeat("x", size) })
			}
			return s.Register("use", func(x input) output { return output{len(x.Large), x.Small} })
		}), mpregtest.ServerOptions(func(i int) []mpreg.ServerOption {
			if i == 0 {
				return []mpreg.ServerOption{mpreg.WithInterceptors(refuse)}
			}
			return nil
		}))
		r := mpreg.NewRequest()
		use := r.Add("use", map[string]any{"large": r.Add("make"), "small": "end"})
		resp, err := c.Node(0).Server().Client().Do(t.Context(), r)
		testkit.Must(t, err)
		if got, err := mpreg.Get[output](resp, use); err != nil || got != (output{size, "end"}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestRefusedAfterInterceptors: what a node's interceptors made of a call that the
// node then refuses is not what another node gets, whose own interceptors see it.
func TestRefusedAfterInterceptors(t *testing.T) {
	twice := func(next mpreg.Invoker) mpreg.Invoker {
		return func(ctx context.Context, inv *mpreg.Invocation) (mpreg.Value, error) {
			if inv.Function == "count" {
				inv.Args = append(inv.Args, inv.Args...)
			}
			return next(ctx, inv)
		}
	}
	type seen struct {
		Node string
		Args int
	}
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register("count", mpreg.Func(func(ctx context.Context, args ...int) seen {
				if i == 0 {
					<-release
				}
				return seen{mpreg.InfoFromContext(ctx).Node, len(args)}
			}, mpreg.MaxConcurrent(1), mpreg.MaxQueued(-1)))
		}), mpregtest.ServerOptions(func(int) []mpreg.ServerOption {
			return []mpreg.ServerOption{mpreg.WithInterceptors(twice)}
		}))
		client := c.Node(0).Server().Client()
		first := testkit.Later(func() (seen, error) { return mpreg.Call[seen](t.Context(), client, "count", 1) })
		testkit.Pass(time.Second)
		for range 50 { // some are tried at node 0 first, which runs the first one still
			got, err := mpreg.Call[seen](t.Context(), client, "count", 1)
			if want := (seen{"node-1", 2}); err != nil || got != want {
				t.Fatalf("got %+v, %v, want %+v", got, err, want)
			}
		}
		close(release)
		if got := <-first; got.Err != nil || got.Value != (seen{"node-0", 2}) {
			t.Errorf("the first: got %+v, %v", got.Value, got.Err)
		}
	})
}
