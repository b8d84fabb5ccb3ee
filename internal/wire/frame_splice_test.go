package wire_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestSplicesUnsendable: splices travel with a call alone, and the error of a
// value in them names the call.
func TestSplicesUnsendable(t *testing.T) {
	command := wire.Command{Name: "a", Function: "f", Args: []codec.Value{{}}}
	bad := codec.Raw(missing("Not A Name"), []byte{1})
	var f wire.Frame
	for name, row := range map[string]struct {
		request wire.Request
		says    string
	}{
		"two commands": {wire.Request{Commands: []wire.Command{command, {Name: "b", Function: "f"}}}, "only be sent if it is a call"},
		"a report":     {wire.Request{Commands: []wire.Command{command}, IncludeSummary: true}, "only be sent if it is a call"},
		"a value":      {wire.Request{Commands: []wire.Command{command}}, "splice 1 can't be sent: its codec has the name"},
	} {
		row.request.Splices = []wire.Splice{{}, {Value: bad}}
		e := wireError(t, f.Request(1, &row.request))
		if e.Code != wire.Internal || !strings.Contains(e.Message, row.says) || f.Size() != 0 {
			t.Errorf("%s: got %v; %d bytes are left", name, e, f.Size())
		}
	}
}

// TestSpliceLimits: what references may not have, splices may not.
func TestSpliceLimits(t *testing.T) {
	long := strings.Repeat("é", 4097)
	many := make([]wire.Splice, wire.MaxSplices+1)
	for i := range many {
		many[i].Arg = i
	}
	for name, row := range map[string]struct {
		splices []wire.Splice
		limit   string
		max     int
	}{
		"splices": {many, "splices_entries", wire.MaxSplices},
		"command": {[]wire.Splice{{Command: long[:2*(wire.MaxName+1)]}}, "splices_characters", wire.MaxName},
		"pointer": {[]wire.Splice{{Pointer: long}}, "splices_characters", 4096},
		"paths": {
			[]wire.Splice{{Path: make([]string, wire.MaxEntries/2)}, {Arg: 1, Path: make([]string, wire.MaxEntries/2)}},
			"entries", wire.MaxEntries,
		},
	} {
		command := wire.Command{Name: "f", Function: "f", Args: make([]codec.Value, len(row.splices))}
		r := &wire.Request{Commands: []wire.Command{command}, Splices: row.splices}
		_, _, err := throughFrame(t, 1, r)
		e := wireError(t, err)
		if e.Code != wire.ResourceExhausted || e.Details["limit"] != row.limit || e.Details["max"] != int64(row.max) {
			t.Errorf("%s: got %v, %v", name, e, e.Details)
		}
		r.Splices = r.Splices[:len(r.Splices)-1]
		if _, _, err := throughFrame(t, 1, r); err != nil {
			t.Errorf("%s: one less: %v", name, err)
		}
	}
}

// TestSpliceLargeValue: a large value in a splice goes out as it lies in memory.
func TestSpliceLargeValue(t *testing.T) {
	large := []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	r := &wire.Request{
		U: "1", Refs: wire.Explicit,
		Commands: []wire.Command{{Name: "f", Function: "f", Args: []codec.Value{raw(`[1,2,3]`)}}},
		Splices: []wire.Splice{
			{Start: 1, End: 2, Value: codec.Raw(codec.JSON{}, large)},
			{Start: 3, End: 4, Value: someLease.Value(), Path: []string{"x"}},
			{Start: 5, End: 6, Value: codec.Raw(codec.JSON{}, large)},
		},
	}
	var f wire.Frame
	if err := f.Request(1, r); err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, part := range f.Parts(nil) {
		if &part[0] == &large[0] {
			same++
		}
	}
	frame := joined(&f)
	if same != 2 || len(frame) != f.Size() {
		t.Errorf("%d parts are the value, %d bytes of %d", same, len(frame), f.Size())
	}
	h, body := split(t, frame)
	got, err := wire.DecodeFrameRequest(h, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got, equal); diff != "" {
		t.Errorf("(-want +got):\n%.1000s", diff)
	}
}

// leases draws what may stand for a result.
var leases = rapid.Custom(func(t *rapid.T) codec.Value {
	l := &wire.Lease{Node: rapid.StringN(1, 20, wire.MaxNodeID).Draw(t, "node"), Size: rapid.Int64Min(0).Draw(t, "size")}
	copy(l.Token[:], rapid.SliceOfN(rapid.Byte(), len(l.Token), len(l.Token)).Draw(t, "token"))
	return l.Value()
})

// splicesOf draws splices of a command as its coordinator makes them.
func splicesOf(t *rapid.T, c *wire.Command) (list []wire.Splice) {
	for i, arg := range c.Args {
		list = append(list, splicesOfArgument(t, wire.Splice{Arg: i}, arg)...)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Kwargs)) {
		list = append(list, splicesOfArgument(t, wire.Splice{Arg: -1, Kwarg: key}, c.Kwargs[key])...)
	}
	return list
}

// splicesOfArgument draws splices of none, all or parts of an argument.
func splicesOfArgument(t *rapid.T, s wire.Splice, arg codec.Value) (list []wire.Splice) {
	fill := func() {
		s.Value = rapid.OneOf(leases, frameValues).Draw(t, "spliced")
		s.Path = rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "path")
		s.Optional = rapid.Bool().Draw(t, "optional")
		s.Command, s.Pointer = rapid.String().Draw(t, "command"), rapid.String().Draw(t, "pointer")
		list = append(list, s)
	}
	switch rapid.IntRange(0, 3).Draw(t, "places") {
	case 0:
		fill()
	case 1:
		size := len(arg.Bytes())
		for s.End < size && rapid.Bool().Draw(t, "another") {
			s.Start = rapid.IntRange(s.End, size-1).Draw(t, "start")
			s.End = rapid.IntRange(s.Start+1, size).Draw(t, "end")
			fill()
		}
	}
	return list
}
