package mpreg_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mpreg/mpreg"
)

// eventually waits for a condition that other goroutines bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

// trio runs three nodes, each of which names those before it as its peers.
func trio(t testing.TB, setup func(i int, s *mpreg.Server), opts ...mpreg.ServerOption) [3]*mpreg.Server {
	t.Helper()
	var nodes [3]*mpreg.Server
	var urls []string
	for i := range nodes {
		s, err := mpreg.NewServer(mpreg.Config{Name: fmt.Sprintf("node-%d", i), Peers: slices.Clone(urls)},
			append([]mpreg.ServerOption{mpreg.WithLogger(quiet)}, opts...)...)
		must(t, err)
		setup(i, s)
		run(t, s)
		nodes[i] = s
		urls = append(urls, s.URL())
	}
	acquainted(t, nodes[:]...)
	return nodes
}

// acquainted waits until each node knows all, and what they offer.
func acquainted(t testing.TB, nodes ...*mpreg.Server) {
	t.Helper()
	for _, s := range nodes {
		eventually(t, s.Name()+" knows all nodes", func() bool {
			members := s.Members()
			for _, m := range members {
				i := slices.IndexFunc(nodes, func(n *mpreg.Server) bool { return n.ID() == m.ID })
				if i < 0 || !reflect.DeepEqual(m.Functions, nodes[i].Functions()) {
					return false
				}
			}
			return len(members) == len(nodes)
		})
	}
}

// whereabouts registers a function that tells which node runs it.
func whereabouts(t testing.TB, s *mpreg.Server, name string, locs ...string) {
	t.Helper()
	must(t, s.Register(name, func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node }, locs...))
}

func TestThreeNodes(t *testing.T) {
	nodes := trio(t, func(i int, s *mpreg.Server) {
		whereabouts(t, s, fmt.Sprintf("only-%d", i))
		whereabouts(t, s, "rows", fmt.Sprintf("dataset-%d", i))
		must(t, s.Register("double", func(n int) int { return 2 * n }, fmt.Sprintf("dataset-%d", i)))
	})
	c := connect(t, nodes[0].URL())
	ctx := t.Context()
	for i := range nodes {
		want := fmt.Sprintf("node-%d", i)
		if got, err := mpreg.Call[string](ctx, c, fmt.Sprintf("only-%d", i)); err != nil || got != want {
			t.Errorf("only-%d ran on %q, %v", i, got, err)
		}
		if got, err := mpreg.Call[string](ctx, c.With(mpreg.At(fmt.Sprintf("dataset-%d", i))), "rows"); err != nil || got != want {
			t.Errorf("rows of dataset-%d on %q, %v", i, got, err)
		}
		if got, err := mpreg.Call[string](ctx, c.With(mpreg.OnNode(want)), "only-"+want[5:]); err != nil || got != want {
			t.Errorf("on node %s: %q, %v", want, got, err)
		}
	}
	r := mpreg.NewRequest()
	a := r.Add("double", 1).At("dataset-1")
	b := r.Add("double", a).At("dataset-2")
	d := r.Add("double", b).At("dataset-0")
	resp, err := c.Do(ctx, r)
	must(t, err)
	if got, err := mpreg.Get[int](resp, d); err != nil || got != 8 {
		t.Errorf("chain: %d, %v", got, err)
	}

	_, err = c.With(mpreg.At("dataset-9", "dataset-2")).Call(ctx, "rows")
	if !errors.Is(err, mpreg.NotFound) || !strings.Contains(err.Error(), `lacks ["dataset-9"]`) || !strings.Contains(err.Error(), `closest offer is with the locs ["dataset-2"]`) {
		t.Errorf("a loc that nobody has: %v", err)
	}

	whereabouts(t, nodes[2], "late")
	for _, s := range nodes {
		eventually(t, "late is known by "+s.Name(), func() bool {
			got, err := mpreg.Call[string](ctx, s.Client(), "late")
			return err == nil && got == "node-2"
		})
	}
	nodes[2].Unregister("late")
	for _, s := range nodes {
		eventually(t, "late is gone from "+s.Name(), func() bool {
			_, err := s.Client().Call(ctx, "late")
			return errors.Is(err, mpreg.NotFound)
		})
	}
}

func TestRemoteError(t *testing.T) {
	var runs atomic.Int64
	nodes := trio(t, func(i int, s *mpreg.Server) {
		if i == 2 {
			must(t, s.Register("fail", func() error { runs.Add(1); return mpreg.Errorf(2001, "out of paper") }))
		}
	})
	r := mpreg.NewRequest()
	r.Add("fail").Named("printing")
	_, err := connect(t, nodes[0].URL()).Do(t.Context(), r)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != 2001 || e.Node != "node-2" || e.Command != "printing" || e.Function != "fail" ||
		e.Executed != mpreg.ExecutedYes || e.Details["hop"] != int64(1) || runs.Load() != 1 {
		t.Errorf("%#v, ran %d times", e, runs.Load())
	}
}

// TestDescribeAcrossNodes: all offers of a function, wherever they are, each once.
func TestDescribeAcrossNodes(t *testing.T) {
	nodes := trio(t, func(i int, s *mpreg.Server) {
		must(t, s.Register("f", func(int) int { return i }))
		switch i {
		case 1:
			must(t, s.Register("f", func(string) string { return "" }, "x"))
		case 2:
			must(t, s.Register("g", func(bool) {}, "y"))
		}
	})
	for _, s := range nodes {
		for name, want := range map[string]string{"f": "[](int) int [x](string) string ", "g": "[y](bool) "} {
			list, err := mpreg.Call[[]mpreg.Description](t.Context(), connect(t, s.URL()), "mpreg.describe", name)
			must(t, err)
			got := ""
			for _, d := range list {
				got += fmt.Sprint(d.Locs, d.Signature, " ")
			}
			if got != want {
				t.Errorf("%s at %s: got %q, want %q", name, s.Name(), got, want)
			}
		}
		if _, err := s.Client().Call(t.Context(), "mpreg.describe", "nothing"); !errors.Is(err, mpreg.NotFound) {
			t.Errorf("got %v", err)
		}
		list, err := mpreg.Call[[]mpreg.FunctionInfo](t.Context(), s.Client(), "mpreg.functions")
		must(t, err)
		if len(list) != 3 || list[0].Name != "f" || list[0].Locs == nil || list[2].Name != "g" {
			t.Errorf("functions: %+v", list)
		}
	}
}
