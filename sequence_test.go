package mpreg_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestStreamInPlainCalls: a caller that knows nothing of streams gets a list of
// the items, of whatever type, and the same errors.
func TestStreamInPlainCalls(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	type point struct{ X, Y int }
	for name, fn := range map[string]any{
		"up to": func(n int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				for i := 0; i < n && yield(i, nil); i++ { //nolint:revive // the condition is the work
				}
			}
		},
		"points": func(ctx context.Context, names ...string) (iter.Seq2[map[string]point, error], error) {
			return func(yield func(map[string]point, error) bool) {
				for i, name := range names {
					if !yield(map[string]point{name: {i, i}}, ctx.Err()) {
						return
					}
				}
			}, nil
		},
		"values": func(v ...mpreg.Value) iter.Seq2[mpreg.Value, error] {
			return func(yield func(mpreg.Value, error) bool) {
				for _, x := range v {
					if !yield(x, nil) {
						return
					}
				}
			}
		},
		"nothing": func() iter.Seq2[string, error] { return nil },
		"half": func() iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				_ = yield(1, nil) && yield(0, mpreg.Errorf(2001, "out of paper"))
			}
		},
		"none": func() (iter.Seq2[int, error], error) { return nil, errors.New("closed") },
	} {
		testkit.Must(t, s.Register(name, fn))
	}
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			fn   string
			args []any
			want string
		}{
			{"up to", []any{0}, `[]`},
			{"up to", []any{3}, `[0,1,2]`},
			{"points", []any{"a", "b"}, `[{"a":{"X":0,"Y":0}},{"b":{"X":1,"Y":1}}]`},
			{"values", []any{1, 1.0, nil, point{1, 2}}, `[1,1.0,null,{"X":1,"Y":2}]`},
			{"nothing", nil, `[]`},
		} {
			got, err := c.Call(t.Context(), row.fn, row.args...)
			if err != nil || got.String() != row.want {
				t.Errorf("%s: %s%v: want %s, got %s, %v", way, row.fn, row.args, row.want, got, err)
			}
		}
		for fn, want := range map[string]*mpreg.Error{
			"half": {Code: 2001, Message: "out of paper", Executed: mpreg.ExecutedYes},
			"none": {Code: mpreg.Failed, Message: "closed", Executed: mpreg.ExecutedYes},
		} {
			_, err := c.Call(t.Context(), fn)
			var e *mpreg.Error
			if !errors.As(err, &e) || e.Code != want.Code || e.Message != want.Message || e.Executed != want.Executed || e.Function != fn {
				t.Errorf("%s: %s: %v", way, fn, err)
			}
		}
	}
}

// TestStreamInGraph: in a graph a stream is the list of its items, to the
// commands that use it.
func TestStreamInGraph(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	testkit.Must(t, s.Register("words", func() iter.Seq2[string, error] {
		return func(yield func(string, error) bool) { _ = yield("to", nil) && yield("be", nil) }
	}))
	testkit.Must(t, s.Register("count", func(words []string) int { return len(words) }))
	for way, c := range bothWays(t, s) {
		r := mpreg.NewRequest()
		words := r.Add("words")
		count := r.Add("count", words)
		second := r.Add("echo", words.Field("1"))
		resp, err := c.Do(t.Context(), r)
		testkit.Must(t, err)
		n, err := mpreg.Get[int](resp, count)
		testkit.Must(t, err)
		word, err := mpreg.Get[string](resp, second)
		if err != nil || n != 2 || word != "be" {
			t.Errorf("%s: %d, %q, %v", way, n, word, err)
		}
	}
}

// TestStreamDescribed: a description has the schema of the items, and says that
// they are a stream's.
func TestStreamDescribed(t *testing.T) {
	type row struct {
		ID int `json:"id"`
	}
	var r mpreg.Registry
	testkit.Must(t, r.Register("rows", func() iter.Seq2[row, error] { return nil }))
	testkit.Must(t, r.Register("list", func() []row { return nil }))
	rows, list := r.Describe("rows")[0], r.Describe("list")[0]
	want := `{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],"additionalProperties":false}`
	if diff := cmp.Diff(want, string(rows.Result)); diff != "" {
		t.Errorf("the schema (-want +got):\n%s", diff)
	}
	if !rows.Stream || list.Stream || rows.Signature != "() stream of mpreg_test.row" {
		t.Errorf("%+v\n%+v", rows, list)
	}
}
