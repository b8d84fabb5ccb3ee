package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestCallAll: every node that offers it with the locs answers once, failures
// among them.
func TestCallAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return s.Register("where", func(ctx context.Context) (string, error) {
				if i == 2 {
					return "", mpreg.Errorf(2001, "node %d does not know", i)
				}
				return fmt.Sprint("at ", i), nil
			}, "everywhere", []string{"odd", "even"}[1-i%2])
		}))
		c.WaitConverged()
		for name, client := range map[string]*mpreg.Client{"link": c.Client(), "node": c.Node(0).Client()} {
			all := func(opts ...mpreg.CallOption) []string {
				var got []string
				for r, err := range mpreg.CallAll[string](t.Context(), client.With(opts...), "where") {
					id := ""
					for _, n := range c.Nodes() {
						if n.Name() == r.Node {
							id = n.Server().ID()
						}
					}
					if r.NodeID != id {
						t.Errorf("%s: the id of %q is %q", name, r.Node, r.NodeID)
					}
					if err != nil {
						e := testkit.AsError(t, err)
						r.Value += fmt.Sprintf("%v at %q", e.Code, e.Node)
					}
					got = append(got, r.Node+": "+r.Value)
				}
				slices.Sort(got)
				return got
			}
			for _, row := range []struct {
				opts []mpreg.CallOption
				want []string
			}{
				{nil, []string{"node-1: at 1", `node-2: mpreg: code 2001 at "node-2"`, "node-3: at 3"}},
				{[]mpreg.CallOption{mpreg.At("odd")}, []string{"node-1: at 1", "node-3: at 3"}},
				{[]mpreg.CallOption{mpreg.At("even", "everywhere")}, []string{`node-2: mpreg: code 2001 at "node-2"`}},
				{[]mpreg.CallOption{mpreg.OnNode("node-3")}, []string{"node-3: at 3"}},
				{[]mpreg.CallOption{mpreg.At("none")}, []string{`: mpreg: not_found at ""`}},
				{[]mpreg.CallOption{mpreg.OnNode("node-0")}, []string{`: mpreg: not_found at ""`}},
			} {
				if diff := cmp.Diff(row.want, all(row.opts...)); diff != "" {
					t.Errorf("%s: want -, got +:\n%s", name, diff)
				}
			}
		}
	})
}

// TestCallAllIsConcurrent: replies come as they are made; a loop that is left
// cancels what runs, and waits for it.
func TestCallAllIsConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running atomic.Int64
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.Register("wait", func(ctx context.Context) (int, error) {
				running.Add(1)
				defer running.Add(-1)
				select {
				case <-time.After(time.Duration(3-i) * time.Second):
					return i, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			})
		}))
		c.WaitConverged()
		client := c.Client()
		start := time.Now()
		var got []int
		for r, err := range mpreg.CallAll[int](t.Context(), client, "wait") {
			testkit.Must(t, err)
			got = append(got, r.Value)
			if took := time.Since(start).Round(100 * time.Millisecond); took != time.Duration(3-r.Value)*time.Second {
				t.Errorf("the reply of %s took %v of fake time", r.Node, took)
			}
		}
		if !slices.Equal(got, []int{2, 1, 0}) {
			t.Errorf("got %v", got)
		}
		for r, err := range mpreg.CallAll[int](t.Context(), client, "wait") {
			if err != nil || r.Value != 2 {
				t.Errorf("got %v, %v", r, err)
			}
			break
		}
		synctest.Wait()
		if n := running.Load(); n != 0 {
			t.Errorf("%d calls run on", n)
		}
	})
}

// TestCallAllFails: a failure of the whole is one pair, and one that is a reply's
// has its node.
func TestCallAllFails(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{Name: "n"})
	testkit.Must(t, s.Register("word", func() string { return "seven" }))
	c := testkit.Connect(t, s.URL())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, row := range []struct {
		name   string
		ctx    context.Context
		client *mpreg.Client
		fn     string
		node   string
		code   mpreg.Code
		says   string
	}{
		{"an unknown function", t.Context(), c, "nope", "", mpreg.NotFound, "no node offers"},
		{"a context that has ended", ctx, c, "word", "", mpreg.Canceled, ""},
		{"no node", t.Context(), testkit.Connect(t, testkit.Nowhere), "word", "", mpreg.Unavailable, "not connected"},
		{"a value that does not fit", t.Context(), c, "word", "n", mpreg.InvalidArgument, "does not fit int"},
	} {
		t.Run(row.name, func(t *testing.T) {
			pairs := 0
			for r, err := range mpreg.CallAll[int](row.ctx, row.client, row.fn) {
				pairs++
				if !errors.Is(err, row.code) || r.Node != row.node || r.Value != 0 || !strings.Contains(err.Error(), row.says) {
					t.Errorf("got %+v, %v", r, err)
				}
			}
			if pairs != 1 {
				t.Errorf("%d pairs", pairs)
			}
		})
	}
}
