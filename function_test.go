package mpreg_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
)

// Types of TestRoundTrip.
type (
	color  string
	person struct {
		base
		Name   string            `json:"name"`
		Age    *int              `json:"age,omitempty"`
		Tags   map[string][]int8 `json:"tags"`
		Raw    mpreg.Value       `json:"raw"`
		Hidden string            `json:"-"`
		secret string            //nolint:unused // it must be in nobody's way
	}
)

// bothWays returns clients that carry values as JSON through a socket and as
// CBOR within the node.
func bothWays(t testing.TB, s *mpreg.Server) map[string]*mpreg.Client {
	return map[string]*mpreg.Client{"json": testkit.Connect(t, s.URL()), "cbor": s.Client()}
}

// mirror registers a function of T that returns its parameter, and returns a
// check that want comes back, having been a T at the other end.
func mirror[T any](t *testing.T, s *mpreg.Server, want T) func(t *testing.T, c *mpreg.Client) {
	name := fmt.Sprintf("mirror %d", len(s.Functions()))
	seen := make(chan T, 1)
	testkit.Must(t, s.Register(name, func(x T) T { seen <- x; return x }))
	same := cmp.Options{
		cmp.Comparer(func(a, b *big.Int) bool { return a == b || a != nil && b != nil && a.Cmp(b) == 0 }),
		cmp.Comparer(func(a, b mpreg.Value) bool { return a.String() == b.String() }),
		cmp.AllowUnexported(person{}),
	}
	return func(t *testing.T, c *mpreg.Client) {
		got, err := mpreg.Call[T](t.Context(), c, name, want)
		testkit.Must(t, err)
		if diff := cmp.Diff(want, <-seen, same); diff != "" {
			t.Errorf("the function saw (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("the caller got (-want +got):\n%s", diff)
		}
	}
}

// TestRoundTrip: every kind of parameter comes to the function, and back to the
// caller, as what it was.
func TestRoundTrip(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	age, huge := 7, new(big.Int).Lsh(big.NewInt(1), 100)
	checks := map[string]func(*testing.T, *mpreg.Client){
		"bool":            mirror(t, s, true),
		"int8":            mirror(t, s, int8(math.MinInt8)),
		"int64":           mirror(t, s, int64(math.MinInt64)),
		"uint64":          mirror(t, s, uint64(math.MaxUint64)),
		"float32":         mirror(t, s, float32(math.SmallestNonzeroFloat32)),
		"float64":         mirror(t, s, math.MaxFloat64),
		"string":          mirror(t, s, "ü\x00\"\\ \U0001F600 <&>"),
		"named string":    mirror(t, s, color("red")),
		"bytes":           mirror(t, s, []byte{0, 1, 255}),
		"nil slice":       mirror(t, s, []int(nil)),
		"empty slice":     mirror(t, s, []string{}),
		"array":           mirror(t, s, [3]int{1, 2, 3}),
		"map":             mirror(t, s, map[string]map[string]bool{"a": {"b": true}}),
		"map of ints":     mirror(t, s, map[int]string{-1: "x", 2: "y"}),
		"text keys":       mirror(t, s, map[textKey]int{{"k"}: 1}),
		"pointer":         mirror(t, s, &age),
		"nil pointer":     mirror(t, s, (*int)(nil)),
		"duration":        mirror(t, s, time.Minute),
		"time":            mirror(t, s, time.Date(2025, 1, 2, 3, 4, 5, 6000, time.UTC)),
		"big.Int":         mirror(t, s, huge),
		"json.RawMessage": mirror(t, s, json.RawMessage(`{"a":1}`)),
		"Value":           mirror(t, s, codec.Raw(codec.JSON{}, []byte(`[1,1.0]`))),
		"list":            mirror(t, s, &list{&list{nil}}),
		"forest":          mirror(t, s, forest{{}, {{}}}),
		"any":             mirror[any](t, s, map[string]any{"a": []any{nil, true, "x", int64(1), 1.5}}),
		"struct": mirror(t, s, person{
			base: base{"42"}, Name: "Ann", Age: &age, Tags: map[string][]int8{"x": {-1, 1}},
			Raw: codec.Raw(codec.JSON{}, []byte(`[1.5]`)),
		}),
	}
	for way, c := range bothWays(t, s) {
		for name, check := range checks {
			t.Run(way+"/"+name, func(t *testing.T) { check(t, c) })
		}
	}
}

// TestShapes calls functions of every shape that a signature can have.
func TestShapes(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	type point struct{ X, Y int }
	for name, fn := range map[string]any{
		"nothing":    func() {},
		"ctx":        func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Function },
		"ctx error":  func(context.Context) error { return nil },
		"both":       func(ctx context.Context, n int) (int, error) { return n + 1, ctx.Err() },
		"nil":        func() *point { return nil },
		"sum":        func(start int, more ...int) int { return reduce(start, more) },
		"values":     func(v ...mpreg.Value) []mpreg.Value { return v },
		"points":     func(p ...point) int { return len(p)*100 + p[len(p)-1].Y },
		"pointers":   func(p ...*point) []bool { return []bool{p[0] == nil, p[1] == nil} },
		"optional":   func(p *int) bool { return p == nil },
		"interface":  func() fmt.Stringer { return time.Second },
		"any result": func() any { return []any{1, "x", point{1, 2}} },
	} {
		testkit.Must(t, s.Register(name, fn))
	}
	for way, c := range bothWays(t, s) {
		for _, row := range []struct {
			fn   string
			args []any
			want string
		}{
			{"nothing", nil, `null`},
			{"ctx", nil, `"ctx"`},
			{"ctx error", nil, `null`},
			{"both", []any{41}, `42`},
			{"nil", nil, `null`},
			{"sum", []any{1}, `1`},
			{"sum", []any{1, 2, 3}, `6`},
			{"values", nil, `[]`},
			{"values", []any{1, 1.0, nil, point{1, 2}}, `[1,1.0,null,{"X":1,"Y":2}]`},
			{"points", []any{point{1, 2}, map[string]int{"Y": 5}}, `205`},
			{"pointers", []any{nil, point{}}, `[true,false]`},
			{"optional", []any{nil}, `true`},
			{"interface", nil, `1000000000`},
			{"any result", nil, `[1,"x",{"X":1,"Y":2}]`},
		} {
			got, err := c.Call(t.Context(), row.fn, row.args...)
			if err != nil || got.String() != row.want {
				t.Errorf("%s: %s%v: want %s, got %s, %v", way, row.fn, row.args, row.want, got, err)
			}
		}
		for _, row := range []struct {
			fn   string
			args []any
			says []string
		}{
			{"nothing", []any{1}, []string{"want 0 arguments, got 1"}},
			{"sum", nil, []string{"want at least 1 argument, got 0", "(int, ...int) int"}},
			{"sum", []any{1, 2, "x"}, []string{"argument 2", "int"}},
			{"points", []any{point{}, 3}, []string{"argument 1", "point"}},
			{"both", []any{1e30}, []string{"argument 0", "int"}},
			{"sum", []any{nil, mpreg.Kwargs{"x": 1}}, []string{"variadic"}},
		} {
			_, err := c.Call(t.Context(), row.fn, row.args...)
			if !errors.Is(err, mpreg.InvalidArgument) {
				t.Fatalf("%s: %s%v: %v", way, row.fn, row.args, err)
			}
			for _, says := range row.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%s: want %q in %q", way, says, err)
				}
			}
		}
	}
}

func reduce(start int, more []int) int {
	for _, n := range more {
		start += n
	}
	return start
}

// TestRetainedArguments: what a function keeps of its arguments is its own:
// frames are reused, and no later call may write into an earlier one's.
func TestRetainedArguments(t *testing.T) {
	const calls = 100
	type deep struct {
		N     int
		List  []int
		Inner *deep
	}
	type kept struct {
		list     []int
		table    map[string]int
		pointer  *deep
		value    deep
		raw      mpreg.Value
		array    [2]*int
		keywords *trainOptions
	}
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithCodec(codec.CBOR{}))
	for way, c := range bothWays(t, s) {
		var mu sync.Mutex
		all, variadic := make(map[int]kept), make(map[int][]deep)
		testkit.Must(t, s.Register("keep", func(i int, l []int, m map[string]int, p *deep, d deep, v mpreg.Value, a [2]*int, o *trainOptions) {
			mu.Lock()
			defer mu.Unlock()
			all[i] = kept{l, m, p, d, v, a, o}
		}))
		testkit.Must(t, s.Register("keep all", func(d ...deep) {
			mu.Lock()
			defer mu.Unlock()
			variadic[d[0].N] = d
		}))
		var callers sync.WaitGroup
		for i := range calls {
			callers.Go(func() {
				d := deep{i, []int{i, i}, &deep{N: i}}
				_, err := c.Call(t.Context(), "keep", i, []int{i, i + 1}, map[string]int{"i": i}, d, d, fmt.Sprint(i), [2]*int{&i, nil},
					mpreg.Kwargs{"lr": 0.5, "epochs": i})
				if err != nil {
					t.Error(err)
				}
				if _, err := c.Call(t.Context(), "keep all", d, d); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		for i := range calls {
			d := deep{i, []int{i, i}, &deep{N: i}}
			got, want := all[i], kept{
				[]int{i, i + 1}, map[string]int{"i": i}, &d, d, all[i].raw, [2]*int{&i, nil}, &trainOptions{0.5, i},
			}
			if !reflect.DeepEqual(got, want) || got.raw.String() != fmt.Sprintf(`"%d"`, i) {
				t.Fatalf("%s: call %d kept %+v", way, i, got)
			}
			if !reflect.DeepEqual(variadic[i], []deep{d, d}) {
				t.Fatalf("%s: call %d kept %+v", way, i, variadic[i])
			}
		}
		if len(all) != calls {
			t.Errorf("%s: %d calls kept", way, len(all))
		}
		s.Unregister("keep")
		s.Unregister("keep all")
	}
}
