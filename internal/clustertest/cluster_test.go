package clustertest_test

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// elsewhere has each node but the first, which takes the calls, offer a function.
func elsewhere(name string, fn any, opts ...mpreg.FuncOption) mpregtest.Option {
	return mpregtest.Setup(func(i int, s *mpreg.Server) error {
		if i == 0 {
			return nil
		}
		return s.Register(name, mpreg.Func(fn, opts...))
	})
}

func TestThreeNodes(t *testing.T) {
	nodes := testkit.Trio(t, func(i int, s *mpreg.Server) {
		testkit.Whereabouts(t, s, fmt.Sprintf("only-%d", i))
		testkit.Whereabouts(t, s, "rows", fmt.Sprintf("dataset-%d", i))
		testkit.Must(t, s.Register("double", func(n int) int { return 2 * n }, fmt.Sprintf("dataset-%d", i)))
	})
	c := testkit.Connect(t, nodes[0].URL())
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
	testkit.Must(t, err)
	if got, err := mpreg.Get[int](resp, d); err != nil || got != 8 {
		t.Errorf("chain: %d, %v", got, err)
	}

	_, err = c.With(mpreg.At("dataset-9", "dataset-2")).Call(ctx, "rows")
	if !errors.Is(err, mpreg.NotFound) || !strings.Contains(err.Error(), `lacks ["dataset-9"]`) || !strings.Contains(err.Error(), `closest offer is with the locs ["dataset-2"]`) {
		t.Errorf("a loc that nobody has: %v", err)
	}

	testkit.Whereabouts(t, nodes[2], "late")
	for _, s := range nodes {
		testkit.Eventually(t, "late is known by "+s.Name(), func() bool {
			got, err := mpreg.Call[string](ctx, s.Client(), "late")
			return err == nil && got == "node-2"
		})
	}
	nodes[2].Unregister("late")
	for _, s := range nodes {
		testkit.Eventually(t, "late is gone from "+s.Name(), func() bool {
			_, err := s.Client().Call(ctx, "late")
			return errors.Is(err, mpreg.NotFound)
		})
	}
}

func TestRemoteError(t *testing.T) {
	var runs atomic.Int64
	nodes := testkit.Trio(t, func(i int, s *mpreg.Server) {
		if i == 2 {
			testkit.Must(t, s.Register("fail", func() error { runs.Add(1); return mpreg.Errorf(2001, "out of paper") }))
		}
	})
	r := mpreg.NewRequest()
	r.Add("fail").Named("printing")
	_, err := testkit.Connect(t, nodes[0].URL()).Do(t.Context(), r)
	var e *mpreg.Error
	if !errors.As(err, &e) || e.Code != 2001 || e.Node != "node-2" || e.Command != "printing" || e.Function != "fail" ||
		e.Executed != mpreg.ExecutedYes || e.Details["hop"] != int64(1) || runs.Load() != 1 {
		t.Errorf("%#v, ran %d times", e, runs.Load())
	}
}

// TestDescribeAcrossNodes: all offers of a function, wherever they are, each once.
func TestDescribeAcrossNodes(t *testing.T) {
	nodes := testkit.Trio(t, func(i int, s *mpreg.Server) {
		testkit.Must(t, s.Register("f", func(int) int { return i }))
		switch i {
		case 1:
			testkit.Must(t, s.Register("f", func(string) string { return "" }, "x"))
		case 2:
			testkit.Must(t, s.Register("g", func(bool) {}, "y"))
		}
	})
	for _, s := range nodes {
		for name, want := range map[string]string{"f": "[](int) int [x](string) string ", "g": "[y](bool) "} {
			list, err := mpreg.Call[[]mpreg.Description](t.Context(), testkit.Connect(t, s.URL()), "mpreg.describe", name)
			testkit.Must(t, err)
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
		testkit.Must(t, err)
		if len(list) != 3 || list[0].Name != "f" || list[0].Locs == nil || list[2].Name != "g" {
			t.Errorf("functions: %+v", list)
		}
	}
}
