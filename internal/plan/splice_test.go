package plan_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// lease returns what stands for the result of command j.
func lease(j int) codec.Value {
	return (&wire.Lease{Node: "holder", Token: wire.Token{byte(j)}, Size: 1}).Value()
}

// fetch does what the node that runs a command does before it calls Splice:
// it has each lease's part from the holder, who has the results.
func fetch(splices []wire.Splice, results []codec.Value) []plan.Part {
	parts := make([]plan.Part, len(splices))
	for n, s := range splices {
		l := wire.LeaseOf(s.Value)
		if l == nil {
			parts[n] = plan.Part{Value: s.Value, OK: true}
			continue
		}
		v := results[l.Token[0]]
		if len(s.Path) == 0 {
			parts[n] = plan.Part{Value: v, OK: true}
		} else {
			parts[n].Value, parts[n].OK = v.Get(s.Path...)
		}
	}
	return parts
}

func TestResolveLeavesLeases(t *testing.T) {
	in, small := command("in", "echo"), command("small", "echo")
	out := with(with(command("out", "echo", `"in"`, `["small.1", "in.x.0", "small.nothing"]`, `["small"]`, `"small"`),
		"k", ` "in.y" `), "l", `"data"`)
	p := newPlan(t, plan.Names, in, small, out)
	args, kwargs, splices, err := p.Resolve(2, give(lease(0), raw(`[1,"s"]`)))
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{}
	for _, v := range args {
		texts = append(texts, string(v.Bytes()))
	}
	want := []string{`"in"`, `["small.1", "in.x.0", "small.nothing"]`, `[[1,"s"]]`, `[1,"s"]`}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if k, l := string(kwargs["k"].Bytes()), string(kwargs["l"].Bytes()); k != ` "in.y" ` || l != `"data"` {
		t.Errorf("keywords are k=%s l=%s", k, l)
	}
	leave := []wire.Splice{
		{Arg: 0, Value: lease(0), Optional: true, Command: "in", Pointer: "/args/0"},
		{Arg: 1, Start: 1, End: 10, Value: raw(`"s"`), Optional: true, Command: "small", Pointer: "/args/1"},
		{Arg: 1, Start: 12, End: 20, Value: lease(0), Path: []string{"x", "0"}, Optional: true, Command: "in", Pointer: "/args/1"},
		{Arg: -1, Kwarg: "k", Value: lease(0), Path: []string{"y"}, Optional: true, Command: "in", Pointer: "/kwargs/k"},
	}
	if diff := cmp.Diff(leave, splices, cmp.Comparer(sameOrLease)); diff != "" {
		t.Errorf("splices (-want +got):\n%s", diff)
	}

	args, kwargs, err = plan.Splice("out", args, kwargs, splices, fetch(splices, []codec.Value{raw(`{"x":[7]}`)}), 0)
	if err != nil {
		t.Fatal(err)
	}
	texts = texts[:0]
	for _, v := range args {
		texts = append(texts, string(v.Bytes()))
	}
	want = []string{`{"x":[7]}`, `["s", 7, "small.nothing"]`, `[[1,"s"]]`, `[1,"s"]`}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("arguments with what was fetched (-want +got):\n%s", diff)
	}
	if k, l := string(kwargs["k"].Bytes()), string(kwargs["l"].Bytes()); k != ` "in.y" ` || l != `"data"` {
		t.Errorf("keywords are k=%s l=%s; nothing at y leaves k as it is", k, l)
	}
}

func sameOrLease(a, b codec.Value) bool {
	if la, lb := wire.LeaseOf(a), wire.LeaseOf(b); la != nil || lb != nil {
		return la != nil && lb != nil && *la == *lb
	}
	return same(a, b)
}

// What is here is converted, and bounded, before it goes to another node.
func TestResolveChecksWhatGoesAlong(t *testing.T) {
	big, here := command("big", "echo"), command("here", "echo")
	p := newPlan(t, plan.Explicit, big, here,
		refer(refer(command("out", "echo", `[null,null]`), "/args/0/0", "big", "x"), "/args/0/1", "here", "y"))
	_, _, splices, err := p.Resolve(2, give(lease(0), encode(t, codec.CBOR{}, map[string]any{"y": "é"})))
	if err != nil || len(splices) != 2 {
		t.Fatalf("%d splices, %v", len(splices), err)
	}
	if v := splices[1].Value; string(v.Bytes()) != `"é"` || splices[1].Path != nil {
		t.Errorf("what goes along is %q, path %q", v.Bytes(), splices[1].Path)
	}
	if s := splices[0]; s.Pointer != "/args/0/0" || s.Optional || !slices.Equal(s.Path, []string{"x"}) {
		t.Errorf("the lease's place is %+v", s)
	}
	_, _, _, err = p.Resolve(2, give(lease(0), encode(t, codec.CBOR{}, map[string]any{"y": math.NaN()})))
	refused(t, err, wire.InvalidArgument,
		details{"command": "out", "place": "/args/0/1", "reference": "here", "path": []string{"y"}}, "json")
	_, _, _, err = p.Resolve(2, give(lease(0), raw(`{"z":1}`)))
	refused(t, err, wire.InvalidArgument,
		details{"command": "out", "place": "/args/0/1", "reference": "here", "path": []string{"y"}}, "nothing")
	p.MaxValue = 7 // [,] and four bytes
	if _, _, _, err = p.Resolve(2, give(lease(0), raw(`{"y":1234}`))); err != nil {
		t.Error(err)
	}
	_, _, _, err = p.Resolve(2, give(lease(0), raw(`{"y":12345}`)))
	refused(t, err, wire.ResourceExhausted,
		details{"command": "out", "limit": "value_bytes", "max": int64(7)}, `"out"`, "7")
}

func TestSpliceErrors(t *testing.T) {
	args := []codec.Value{raw(`[0,1]`), encode(t, codec.CBOR{}, []any{0, 1}), encode(t, opaque{}, []any{0})}
	kwargs := map[string]codec.Value{"k": raw(`[null]`)}
	one := plan.Part{Value: raw(`1234`), OK: true}
	at := func(arg, start, end int) wire.Splice { return wire.Splice{Arg: arg, Start: start, End: end} }
	key := func(k string, start, end int) wire.Splice {
		return wire.Splice{Arg: -1, Kwarg: k, Start: start, End: end}
	}
	list := func(s ...wire.Splice) []wire.Splice { return s }
	place := wire.Splice{Start: 1, End: 2, Command: "in", Pointer: "/args/0/0", Path: []string{"x", "0"}}
	where := details{"command": "out", "place": "/args/0/0", "reference": "in", "path": []string{"x", "0"}}
	bad := details{"command": "out"}
	tests := map[string]struct {
		splices []wire.Splice
		fetched []plan.Part // nil: one for each
		limit   int
		code    wire.Code
		details details
		message string
	}{
		"argument":              {splices: list(at(3, 0, 0)), code: wire.InvalidRequest, details: bad, message: "no argument 3"},
		"negative argument":     {splices: list(at(-2, 0, 0)), code: wire.InvalidRequest, details: bad, message: "no argument -2"},
		"keyword":               {splices: list(key("x", 0, 0)), code: wire.InvalidRequest, details: bad, message: `"x"`},
		"argument and keyword":  {splices: list(wire.Splice{Kwarg: "k"}), code: wire.InvalidRequest, details: bad, message: "two arguments"},
		"negative start":        {splices: list(at(0, -1, 2)), code: wire.InvalidRequest, details: bad, message: "-1 to 2"},
		"negative end":          {splices: list(at(0, 0, -1)), code: wire.InvalidRequest, details: bad, message: "0 to -1"},
		"behind the end":        {splices: list(at(0, 1, 6)), code: wire.InvalidRequest, details: bad, message: "of 5 bytes"},
		"backwards":             {splices: list(at(0, 3, 2)), code: wire.InvalidRequest, details: bad, message: "3 to 2"},
		"nothing":               {splices: list(at(0, 2, 2)), code: wire.InvalidRequest, details: bad, message: "2 to 2"},
		"overlap":               {splices: list(at(0, 1, 3), at(0, 2, 4)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"order of places":       {splices: list(at(0, 3, 4), at(0, 1, 2)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"order of arguments":    {splices: list(at(1, 0, 0), at(0, 0, 0)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"keyword first":         {splices: list(key("k", 0, 0), at(0, 0, 0)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"whole twice":           {splices: list(at(0, 0, 0), at(0, 0, 0)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"whole and inside":      {splices: list(at(0, 0, 0), at(0, 1, 2)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"inside and whole":      {splices: list(key("k", 1, 5), key("k", 0, 0)), code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"a codec of one's own":  {splices: list(at(2, 1, 2)), code: wire.InvalidRequest, details: bad, message: "opaque"},
		"one part short":        {splices: list(at(0, 1, 2), place), fetched: []plan.Part{one}, code: wire.InvalidRequest, details: bad, message: "splice 1"},
		"not fetched":           {splices: list(place), fetched: []plan.Part{}, code: wire.Internal, details: bad, message: `"in"`},
		"still a lease":         {splices: list(place), fetched: []plan.Part{{Value: lease(0), OK: true}}, code: wire.Internal, details: bad, message: "fetched"},
		"no such part":          {splices: list(place), fetched: []plan.Part{{}}, code: wire.InvalidArgument, details: where, message: `the result of "in" has nothing at "/x/0"`},
		"can't be put there":    {splices: list(place), fetched: []plan.Part{{Value: encode(t, codec.CBOR{}, math.Inf(1)), OK: true}}, code: wire.InvalidArgument, details: where, message: "as json"},
		"more than may be made": {splices: list(place, at(0, 3, 4), key("k", 1, 5)), limit: 16, code: wire.ResourceExhausted, details: details{"command": "out", "limit": "value_bytes", "max": int64(16)}, message: "16 bytes"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fetched := tt.fetched
			if fetched == nil {
				fetched = slices.Repeat([]plan.Part{one}, len(tt.splices))
			}
			a, k, err := plan.Splice("out", args, kwargs, tt.splices, fetched, tt.limit)
			refused(t, err, tt.code, tt.details, `"out"`, tt.message)
			if a != nil || k != nil {
				t.Errorf("with an error, Splice returned %v, %v", a, k)
			}
		})
	}
	// One byte more, and the last of them is done.
	a, k, err := plan.Splice("out", args, kwargs, list(place, at(0, 3, 4), key("k", 1, 5)), []plan.Part{one, one, one}, 17)
	if err != nil || a[0].String() != `[1234,1234]` || k["k"].String() != `[1234]` {
		t.Errorf("17 bytes: %v, %v, %v", a, k, err)
	}
	if args[0].String() != `[0,1]` || kwargs["k"].String() != `[null]` {
		t.Error("Splice changed what it was given")
	}
}

// TestSpliceModel: whichever results are leases, an argument comes out as if
// they had all been at the coordinator, byte for byte, and so does the error.
func TestSpliceModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom([]plan.Mode{plan.Names, plan.Explicit}).Draw(t, "mode")
		m, cmds, results := drawRequest(t, mode)
		p, err := plan.New(cmds, mode, nil)
		if err != nil {
			t.Fatal(err)
		}
		args, kwargs, splices, want := p.Resolve(0, give(results...))
		if splices != nil {
			t.Fatalf("splices without a lease: %v", splices)
		}
		mixed := slices.Clone(results)
		for j := range mixed {
			if rapid.Bool().Draw(t, "leased "+m.names[j]) {
				mixed[j] = lease(j)
			}
		}
		a, k, splices, err := p.Resolve(0, give(mixed...))
		if err == nil {
			for _, s := range splices {
				if whole := s.Start == 0 && s.End == 0; !whole && wire.LeaseOf(s.Value) == nil && s.Value.Codec().Name() == "opaque" {
					t.Errorf("what goes along is in codec %s", s.Value.Codec().Name())
				}
			}
			a, k, err = spliceUnchanged(t, a, k, splices, fetch(splices, results))
		}
		if m.missing > 1 && want != nil { // which of them is named first may differ
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != wire.InvalidArgument {
				t.Errorf("error is %v, want one like %v", err, want)
			}
			return
		}
		if diff := cmp.Diff(want, err); diff != "" {
			t.Fatalf("error (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(args, a, cmp.Comparer(same)); diff != "" {
			t.Errorf("arguments (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(kwargs, k, cmp.Comparer(same)); diff != "" {
			t.Errorf("keywords (-want +got):\n%s", diff)
		}
	})
}

// spliceUnchanged calls Splice, and checks that it leaves alone what it is
// given.
func spliceUnchanged(
	t interface{ Error(...any) }, args []codec.Value, kwargs map[string]codec.Value, splices []wire.Splice, fetched []plan.Part,
) ([]codec.Value, map[string]codec.Value, error) {
	given := func() string { return fmt.Sprintf("%#v %#v %#v", args, kwargs, fetched) }
	before := given()
	a, k, err := plan.Splice("out", args, kwargs, splices, fetched, 0)
	if given() != before {
		t.Error("Splice changed what it was given")
	}
	return a, k, err
}

// FuzzSplice: splices come from other nodes, and say anything.
func FuzzSplice(f *testing.F) {
	f.Add("[1,2]", "{\"k\":3}", "\x80\x81\x82\x00\x80\x83\x84\x01")
	f.Add("[null]", "null", "\x7f\x81\x85\x00\x7f\x85\x86\x02")
	f.Add("\x82\x01\x02", "[]", "\x81\x81\x82\x03")
	f.Fuzz(func(t *testing.T, first, second, text string) {
		args := []codec.Value{raw(first), codec.Raw(codec.CBOR{}, []byte(first)), codec.Raw(opaque{}, []byte(second)), lease(1)}
		kwargs := map[string]codec.Value{"k": raw(second)}
		parts := []plan.Part{{}, {Value: raw(second), OK: true}, {Value: encode(t, codec.CBOR{}, "x"), OK: true}, {Value: lease(2), OK: true}}
		var splices []wire.Splice
		var fetched []plan.Part
		for b := range slices.Chunk([]byte(text), 4) { // argument, start, end, flags
			if len(b) < 4 {
				break
			}
			s := wire.Splice{Arg: int(b[0]) - 128, Start: int(b[1]) - 128, End: int(b[2]) - 128, Optional: b[3]&4 != 0}
			if s.Arg < 0 {
				s.Kwarg = "k"
			}
			splices = append(splices, s)
			if b[3]&8 == 0 {
				fetched = append(fetched, parts[b[3]&3])
			}
		}
		const limit = 1 << 10
		a, k, err := plan.Splice("out", args, kwargs, splices, fetched, limit)
		var e *wire.Error
		switch {
		case err != nil && !errors.As(err, &e):
			t.Errorf("error is %v, not a *wire.Error", err)
		case err == nil && (len(a) != len(args) || len(k) != len(kwargs)):
			t.Errorf("%d arguments and %d keywords", len(a), len(k))
		}
		for n, v := range a {
			if size := len(v.Bytes()); size > max(limit, len(args[n].Bytes()), len(second)) {
				t.Errorf("argument %d has %d bytes", n, size)
			}
		}
	})
}
