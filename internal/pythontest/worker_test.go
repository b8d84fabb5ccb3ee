package pythontest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
)

// employee is a worker.py that runs.
type employee struct {
	t     *testing.T
	out   *bufio.Reader
	dies  func() string // ends it, and returns what it wrote on standard error
	stdin io.Closer
}

func employ(t *testing.T, p python, url string) *employee {
	t.Helper()
	cmd, stderr := p.script(t, "worker.py", url)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &employee{t: t, out: bufio.NewReader(stdout), stdin: stdin}
	var ended bool
	w.dies = func() string {
		if ended {
			return ""
		}
		ended = true
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("worker.py: %v\n%s", err, stderr)
		}
		return stderr.String()
	}
	t.Cleanup(func() { w.dies() })
	w.says("offered")
	return w
}

// says waits until the worker prints a line.
func (w *employee) says(want string) {
	w.t.Helper()
	line, err := w.out.ReadString('\n')
	if err != nil || line != want+"\n" {
		w.t.Fatalf("want the line %q, got %q, %v\n%s", want, line, err, w.dies())
	}
}

// TestWorker: what a Python program offers, a Go program calls as it calls anything.
func TestWorker(t *testing.T) {
	for _, p := range pythons(t) {
		t.Run(p.name, func(t *testing.T) {
			s := node(t, func(*mpreg.Server) error { return nil })
			w := employ(t, p, s.URL())
			c := mpreg.NewClient(s.URL())
			defer c.Close()
			py := c.With(mpreg.At("py"), mpreg.Timeout(time.Minute))
			calls(t, c, py)
			failures(t, py)
			canceled(t, py, w)
			withdrawn(t, py)

			// Who is gone offers nothing.
			if errs := w.dies(); errs != "" {
				t.Errorf("worker.py wrote %s", errs)
			}
			for ctx := t.Context(); len(s.Functions()) > 0; {
				if _, err := py.Call(ctx, "told"); err == nil {
					t.Fatal("a call of a worker that has ended")
				}
			}
		})
	}
}

func calls(t *testing.T, c, py *mpreg.Client) {
	t.Helper()
	ctx := t.Context()
	got, err := mpreg.Call[[]int](ctx, py, "scale", []int{1, 2})
	if !slices.Equal(got, []int{10, 20}) || err != nil {
		t.Errorf("scale: %v, %v", got, err)
	}
	r := mpreg.NewRequest()
	list := r.Add("echos", 1, 2, r.Add("scale", []int{3}).At("v2"))
	out := r.Add("scale", []any{list.Field("0"), list.Field("2", "0")}, mpreg.Kwargs{"by": 2}).At("py", "v2")
	response, err := c.Do(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := mpreg.Get[[]int](response, out); !slices.Equal(got, []int{2, 60}) || err != nil {
		t.Errorf("a graph: %v, %v", got, err)
	}
	told, err := mpreg.Call[map[string]any](ctx, py.With(mpreg.Header("tenant", "blue")), "told")
	want := map[string]any{"locs": []any{"py"}, "headers": map[string]any{"tenant": "blue"}, "results": map[string]any{}, "deadline": true}
	if diff := cmp.Diff(want, told); diff != "" || err != nil {
		t.Errorf("told: %v (-want +got):\n%s", err, diff)
	}
	described, err := mpreg.Call[[]mpreg.Description](ctx, c, "mpreg.describe", "scale")
	if err != nil || len(described) != 1 || described[0].Doc != "Multiplies each of a list." || !described[0].Idempotent ||
		!slices.Equal(described[0].Locs, []string{"py", "v2"}) {
		t.Errorf("described as %+v, %v", described, err)
	}
}

func failures(t *testing.T, c *mpreg.Client) {
	t.Helper()
	for _, test := range []struct {
		fn      string
		args    []any
		code    mpreg.Code
		message string
	}{
		{"boom", []any{"no such row"}, mpreg.Failed, "no such row"},
		{"print", nil, 2001, "out of paper"},
		{"scale", []any{1}, mpreg.Failed, "'int' object is not iterable"},
	} {
		_, err := c.Call(t.Context(), test.fn, test.args...)
		e, ok := errors.AsType[*mpreg.Error](err)
		if !ok || e.Code != test.code || e.Message != test.message || e.Executed != mpreg.ExecutedYes || e.Function != test.fn || e.Node != "python-test" {
			t.Errorf("%s: %v", test.fn, err)
		}
	}
}

func canceled(t *testing.T, c *mpreg.Client, w *employee) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := c.Call(ctx, "wait")
		ended <- err
	}()
	w.says("waiting")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a canceled call: %v", err)
	}
	w.says("canceled")
}

func withdrawn(t *testing.T, c *mpreg.Client) {
	t.Helper()
	gone, err := mpreg.Call[[]any](t.Context(), c, "withdraw", "scale")
	if diff := cmp.Diff([]any{"server-response", "GONE", nil}, gone); diff != "" || err != nil {
		t.Errorf("withdraw: %v (-want +got):\n%s", err, diff)
	}
	if _, err := c.Call(t.Context(), "scale", []int{1}); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("after it: %v", err)
	}
	if _, err := c.Call(t.Context(), "told"); err != nil {
		t.Errorf("the others: %v", err)
	}
}
