package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// opaque is a codec of somebody else: JSON, unreadable to all others.
type opaque struct{}

func (opaque) Name() string { return "opaque" }

func (opaque) Append(dst []byte, v any) ([]byte, error) {
	data, err := codec.JSON{}.Append(nil, v)
	if err != nil {
		return dst, err
	}
	for _, b := range data {
		dst = append(dst, ^b)
	}
	return dst, nil
}

func (opaque) Decode(data []byte, v any) error {
	plain := make([]byte, len(data))
	for i, b := range data {
		plain[i] = ^b
	}
	return codec.JSON{}.Decode(plain, v)
}

func give(values ...codec.Value) func(int) codec.Value {
	return func(j int) codec.Value { return values[j] }
}

func newPlan(t *testing.T, mode plan.Mode, cmds ...wire.Command) *plan.Plan {
	t.Helper()
	p, err := plan.New(cmds, mode, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestResolveAcrossCodecs(t *testing.T) {
	codecs := []codec.Codec{codec.JSON{}, codec.CBOR{}, opaque{}}
	result := map[string]any{"list": []any{int64(1), "x", nil, uint64(math.MaxUint64)}, "f": 1.0}
	for _, from := range codecs {
		for _, to := range codecs {
			t.Run(fmt.Sprintf("%s into %s", from.Name(), to.Name()), func(t *testing.T) {
				out := wire.Command{Name: "out", Args: []codec.Value{
					encode(t, to, []any{"é", nil, map[string]any{"k": nil, "l": nil}}),
					encode(t, to, nil),
					encode(t, to, "as it is"),
				}, Kwargs: map[string]codec.Value{"kw": encode(t, to, []any{nil})}}
				before := append([]codec.Value{}, out.Args...)
				keywords := maps.Clone(out.Kwargs)
				out = refer(refer(refer(out, "/args/0/1", "in"), "/args/0/2/k", "in", "list", "1"), "/args/0/2/l", "in", "f")
				out = refer(refer(out, "/args/1", "in"), "/kwargs/kw/0", "in", "list", "3")
				p := newPlan(t, plan.Explicit, wire.Command{Name: "in"}, out)
				in := encode(t, from, result)
				args, kwargs, _, err := p.Resolve(1, give(in, codec.Value{}))
				if err != nil {
					t.Fatal(err)
				}
				want := []any{"é", result, map[string]any{"k": "x", "l": 1.0}}
				equal(t, args[0], want)
				equal(t, args[1], result)
				equal(t, kwargs["kw"], []any{uint64(math.MaxUint64)})
				if &args[1].Bytes()[0] != &in.Bytes()[0] || args[1].Codec() != from {
					t.Error("the whole argument is not the result itself")
				}
				if &args[2].Bytes()[0] != &before[2].Bytes()[0] {
					t.Error("an argument without places was copied")
				}
				if diff := cmp.Diff(before, out.Args, cmp.Comparer(same)); diff != "" {
					t.Errorf("Resolve changed the command (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(keywords, out.Kwargs, cmp.Comparer(same)); diff != "" {
					t.Errorf("Resolve changed the command's keywords (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func same(a, b codec.Value) bool { return a.Codec() == b.Codec() && bytes.Equal(a.Bytes(), b.Bytes()) }

func equal(t *testing.T, v codec.Value, want any) {
	t.Helper()
	got, err := v.Any()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("value (-want +got):\n%s", diff)
	}
}

func TestResolveNothingThere(t *testing.T) {
	in, out := command("in", "echo"), with(command("out", "echo", `null`, `[null,null]`), "k", `null`)
	tests := map[string]struct {
		cmd    wire.Command
		place  string
		path   []string
		result string
	}{
		"field":       {refer(out, "/args/0", "in", "x"), "/args/0", []string{"x"}, `{"y":1}`},
		"null":        {refer(out, "/args/0", "in", "x"), "/args/0", []string{"x"}, `null`},
		"index":       {refer(out, "/args/1/1", "in", "1"), "/args/1/1", []string{"1"}, `[0]`},
		"deeper":      {refer(out, "/kwargs/k", "in", "a/b", "2"), "/kwargs/k", []string{"a/b", "2"}, `{"a/b":[0,1]}`},
		"one of two":  {refer(refer(out, "/args/1/0", "in", "1"), "/args/1/1", "in", "2"), "/args/1/1", []string{"2"}, `[0,1]`},
		"no sequence": {refer(refer(out, "/args/1/0", "in", "1"), "/args/1/1", "in", "1", "2"), "/args/1/1", []string{"1", "2"}, `[0,1]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlan(t, plan.Explicit, tt.cmd, in)
			_, _, _, err := p.Resolve(0, give(codec.Value{}, raw(tt.result)))
			refused(t, err, wire.InvalidArgument,
				details{"command": "out", "place": tt.place, "reference": "in", "path": tt.path},
				`"out"`, tt.place, `"in"`)
		})
	}
}

func TestResolveCannotConvert(t *testing.T) {
	in := wire.Command{Name: "in"}
	nan := encode(t, codec.CBOR{}, math.NaN())
	p := newPlan(t, plan.Names, in, command("out", "echo", `["in"]`))
	_, _, _, err := p.Resolve(1, give(nan))
	refused(t, err, wire.InvalidArgument,
		details{"command": "out", "place": "/args/0", "reference": "in", "path": []string(nil)}, `"out"`, `"in"`, "json")
	p = newPlan(t, plan.Names, in, with(command("out", "kw"), "a/b", `{"x":"in"}`))
	_, _, _, err = p.Resolve(1, give(nan))
	refused(t, err, wire.InvalidArgument,
		details{"command": "out", "place": "/kwargs/a~1b", "reference": "in", "path": []string(nil)}, `"out"`, `"in"`, "json")
	p = newPlan(t, plan.Explicit, in, refer(with(command("out", "echo"), "k", `[null]`), "/kwargs/k/0", "in"))
	_, _, _, err = p.Resolve(1, give(nan))
	refused(t, err, wire.InvalidArgument,
		details{"command": "out", "place": "/kwargs/k/0", "reference": "in", "path": []string(nil)}, `"out"`, `"in"`, "json")
}

func TestNewCannotLookInside(t *testing.T) {
	bad := wire.Command{Name: "b", Args: []codec.Value{codec.Raw(opaque{}, []byte("not opaque"))}}
	_, err := plan.New([]wire.Command{{Name: "a"}, refer(bad, "/args/0/x", "a")}, plan.Explicit, nil)
	refused(t, err, wire.InvalidRequest, details{"command": "b", "place": "/args/0/x"}, "looked into")
	p := newPlan(t, plan.Explicit, wire.Command{Name: "a"}, refer(bad, "/args/0", "a"))
	if args, _, _, err := p.Resolve(1, give(raw(`1`))); err != nil || args[0].String() != "1" {
		t.Errorf("Resolve returned %v, %v; want 1", args, err)
	}
}

func TestMaxValue(t *testing.T) {
	cmds := []wire.Command{
		command("a", "echo"),
		command("b", "echo", `["a",0]`, `["a"]`, `"a"`),
		command("c", "echo", `["a.x","a.y"]`, `"plain"`),
	}
	fill := func(limit, step int, result string) ([]codec.Value, error) {
		p := newPlan(t, plan.Names, cmds...)
		p.MaxValue = limit
		args, _, _, err := p.Resolve(step, give(raw(result)))
		return args, err
	}
	// [12345,0] and [12345] are 16 bytes; a whole argument is not built.
	if args, err := fill(16, 1, `12345`); err != nil || args[0].String() != `[12345,0]` || args[2].String() != `12345` {
		t.Errorf("16 bytes: %v, %v", args, err)
	}
	for _, limit := range []int{1, 3, 8, 9, 15} {
		_, err := fill(limit, 1, `12345`)
		refused(t, err, wire.ResourceExhausted,
			details{"command": "b", "limit": "value_bytes", "max": int64(limit)}, `"b"`, strconv.Itoa(limit))
	}
	// What stays as it came is not built either.
	if args, err := fill(1, 2, `{"z":1}`); err != nil || args[0].String() != `["a.x","a.y"]` {
		t.Errorf("nothing to put in place: %v, %v", args, err)
	}
}

// A few commands that each use the one before twice would fill any memory.
func TestDoubling(t *testing.T) {
	cmds := []wire.Command{command("c0", "echo", `"0123456789abcdef"`)}
	for i := 1; i <= 64; i++ {
		cmds = append(cmds, command(fmt.Sprintf("c%d", i), "echo", fmt.Sprintf(`["c%d","c%d"]`, i-1, i-1)))
	}
	p := newPlan(t, plan.Names, cmds...)
	p.MaxValue = 1 << 20
	_, err := run(p, cmds)
	refused(t, err, wire.ResourceExhausted, details{"command": "c16", "limit": "value_bytes", "max": int64(1 << 20)}, `"c16"`)
}

func TestResolveKeepsBytes(t *testing.T) {
	cmds := []wire.Command{command("a", "echo"), command("b", "echo", " [ 1.0 , \"a\" , {\"a\" : \"a.n\" , \"\\u0061\":1e2} ]\n")}
	p := newPlan(t, plan.Names, cmds...)
	args, _, _, err := p.Resolve(1, give(raw(` {"n" : 18446744073709551615} `)))
	if err != nil {
		t.Fatal(err)
	}
	want := " [ 1.0 ,  {\"n\" : 18446744073709551615}  , {\"a\" : 18446744073709551615 , \"\\u0061\":1e2} ]\n"
	if diff := cmp.Diff(want, string(args[0].Bytes())); diff != "" || !json.Valid(args[0].Bytes()) {
		t.Errorf("argument (-want +got):\n%s", diff)
	}
}
