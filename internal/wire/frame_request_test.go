package wire_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// throughFrame writes a request and reads it again.
func throughFrame(tb testing.TB, id uint64, r *wire.Request) (wire.FrameHead, *wire.Request, error) {
	tb.Helper()
	var f wire.Frame
	if err := f.Request(id, r); err != nil {
		tb.Fatal(err)
	}
	h, body := split(tb, joined(&f))
	got, err := wire.DecodeFrameRequest(h, body, known)
	return h, got, err
}

// TestFrameRequestKind: what asks for more than its one result is no CALL.
func TestFrameRequestKind(t *testing.T) {
	command := wire.Command{Name: "a", Function: "f"}
	referring := wire.Command{Name: "a", Function: "f", Refs: map[string]wire.Ref{"/args/0": {Command: "b"}}}
	for name, row := range map[string]struct {
		request wire.Request
		call    bool
	}{
		"one command":           {wire.Request{Commands: []wire.Command{command}}, true},
		"one, in explicit mode": {wire.Request{Commands: []wire.Command{command}, Refs: wire.Explicit}, true},
		"with all tags": {wire.Request{
			Commands: []wire.Command{command}, U: "x", Traceparent: "t", Headers: map[string]string{"a": "b"},
			ClusterID: "c", Node: "n", Accept: "cbor", Caller: &wire.Caller{Name: "ada"}, TimeoutMS: 1, Hops: 1,
			Stream: true, Window: 7, WindowBytes: 8, Events: true, WaitForRoute: true, Hedge: true, HedgeMS: 9, Keep: 10, KeepFor: 11000,
		}, true},
		"two commands": {wire.Request{Commands: []wire.Command{command, {Name: "b", Function: "f"}}}, false},
		"a reference":  {wire.Request{Commands: []wire.Command{referring}}, false},
		"return":       {wire.Request{Commands: []wire.Command{command}, Return: []string{"a"}}, false},
		"intermediate": {wire.Request{Commands: []wire.Command{command}, ReturnIntermediate: true}, false},
		"summary":      {wire.Request{Commands: []wire.Command{command}, IncludeSummary: true}, false},
	} {
		h, got, err := throughFrame(t, 9, &row.request)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := row.request
		if want.U == "" {
			want.U = "9"
		}
		if row.call {
			want.Refs = wire.Explicit
		}
		if diff := cmp.Diff(&want, got, equal); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if row.request.IsCall() != row.call || (h.Kind == wire.KindCall) != row.call || h.ID != 9 {
			t.Errorf("%s: sent as %v of id %d", name, h.Kind, h.ID)
		}
	}
}

// TestFrameRequestTimeout: a deadline is never lost, and does not grow by more
// than it is rounded.
func TestFrameRequestTimeout(t *testing.T) {
	for timeout, want := range map[float64]float64{
		0:               0,
		1e-9:            0.001,
		0.0004:          0.001,
		0.0015:          0.002,
		0.001:           0.001,
		0.0029:          0.003,
		1234.567:        1234.567,
		86_400_000.001:  86_400_000.001,
		math.MaxFloat64: 100 * 365 * 24 * 3_600_000,
	} {
		r := &wire.Request{TimeoutMS: timeout, Commands: []wire.Command{{Name: "f", Function: "f"}}}
		_, got, err := throughFrame(t, 1, r)
		if err != nil || got.TimeoutMS != want {
			t.Errorf("%v ms: got %v, %v, want %v", timeout, got.TimeoutMS, err, want)
		}
	}
	var r wire.Request
	r.SetTimeout(0) // used up, which is not none
	r.Commands = []wire.Command{{Name: "f", Function: "f"}}
	if _, got, err := throughFrame(t, 1, &r); err != nil || got.Timeout() != time.Microsecond {
		t.Errorf("a deadline that has passed: %v, %v", got.Timeout(), err)
	}
}

// TestFrameRequestLimits: what JSON messages may not have, frames may not.
func TestFrameRequestLimits(t *testing.T) {
	command := wire.Command{Name: "f", Function: "f"}
	long := strings.Repeat("é", wire.MaxName+1)
	for name, row := range map[string]struct {
		request wire.Request
		limit   string
		max     int
	}{
		"commands": {
			wire.Request{Commands: make([]wire.Command, wire.MaxCommands+1)},
			"cmds_entries", wire.MaxCommands,
		},
		"arguments": {
			wire.Request{Commands: []wire.Command{{Name: "f", Function: "f", Args: make([]codec.Value, wire.MaxEntries+1)}}},
			"entries", wire.MaxEntries,
		},
		"arguments of two commands": {
			wire.Request{Commands: []wire.Command{
				{Name: "a", Function: "f", Args: make([]codec.Value, wire.MaxEntries/2)},
				{Name: "b", Function: "f", Args: make([]codec.Value, wire.MaxEntries/2)},
			}},
			"entries", wire.MaxEntries,
		},
		"function":    {wire.Request{Commands: []wire.Command{{Name: "f", Function: long}}}, "fun_characters", wire.MaxName},
		"name":        {wire.Request{Commands: []wire.Command{command, {Name: long, Function: "f"}}}, "name_characters", wire.MaxName},
		"return":      {wire.Request{Commands: []wire.Command{command}, Return: []string{long}}, "return_characters", wire.MaxName},
		"traceparent": {wire.Request{Commands: []wire.Command{command}, Traceparent: long}, "traceparent_characters", wire.MaxName},
		"node":        {wire.Request{Commands: []wire.Command{command}, Node: long}, "node_characters", wire.MaxName},
		"cluster":     {wire.Request{Commands: []wire.Command{command}, ClusterID: long}, "cluster_id_characters", wire.MaxName},
		"u":           {wire.Request{Commands: []wire.Command{command}, U: long}, "u_bytes", wire.MaxID},
		"keyword": {
			wire.Request{Commands: []wire.Command{{Name: "f", Function: "f", Kwargs: map[string]codec.Value{long: {}}}}},
			"kwargs_characters", wire.MaxName,
		},
		"header": {
			wire.Request{Commands: []wire.Command{command}, Headers: map[string]string{"h": strings.Repeat("x", 8193)}},
			"headers_characters", 8192,
		},
	} {
		_, _, err := throughFrame(t, 1, &row.request)
		e := wireError(t, err)
		if e.Code != wire.ResourceExhausted || e.Details["limit"] != row.limit || e.Details["max"] != int64(row.max) {
			t.Errorf("%s: got %v, %v", name, e, e.Details)
		}
	}
}

// TestFrameOnlyFields: a message in JSON can't claim what only nodes may say.
func TestFrameOnlyFields(t *testing.T) {
	for _, message := range []string{
		`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"f"}],"Hops":3,"Accept":"cbor","Caller":{"name":"root"},"-":1}`,
		`{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"f"}],"hops":3,"accept":"cbor","caller":{"name":"root"}}`,
		`{"role":"rpc","rpc":{"u":"1","cmds":[{"name":"a","fun":"f"}],"hops":3,"accept":"cbor","caller":{"name":"root"}}}`,
	} {
		r, err := wire.DecodeRequest([]byte(message))
		if err != nil || r.Hops != 0 || r.Accept != "" || r.Caller != nil {
			t.Errorf("%s: %+v, %v", message, r, err)
		}
	}
}

// TestFrameRequestUnsendable: what the other end would not understand does not
// leave, and the error names the place.
func TestFrameRequestUnsendable(t *testing.T) {
	bad := codec.Raw(missing("Not A Name"), []byte{1})
	var f wire.Frame
	for says, command := range map[string]wire.Command{
		"argument 1 can't be sent":       {Name: "a", Function: "f", Args: []codec.Value{{}, bad}},
		`keyword "k" can't be sent`:      {Name: "a", Function: "f", Kwargs: map[string]codec.Value{"k": bad}},
		`its codec has the name "Not A `: {Name: "a", Function: "f", Args: []codec.Value{bad}},
	} {
		for _, commands := range [][]wire.Command{{command}, {{Name: "b", Function: "f"}, command}} {
			e := wireError(t, f.Request(1, &wire.Request{Commands: commands}))
			if e.Code != wire.InvalidArgument || !strings.Contains(e.Message, says) {
				t.Errorf("got %v, want %q", e, says)
			}
			if diff := cmp.Diff(map[string]any{"command": "a", "function": "f", "executed": "no"}, e.Details); diff != "" {
				t.Errorf("details (-want +got):\n%s", diff)
			}
			if f.Size() != 0 {
				t.Error("half a frame is left")
			}
		}
	}
}

// TestFrameText: what is no UTF-8 is replaced, as in JSON.
func TestFrameText(t *testing.T) {
	r := &wire.Request{
		Headers:  map[string]string{"a\xff": "\xfe"},
		Commands: []wire.Command{{Name: "n\xff", Function: "f", Kwargs: map[string]codec.Value{"k\xff": {}}}},
	}
	_, got, err := throughFrame(t, 1, r)
	if err != nil {
		t.Fatal(err)
	}
	want := &wire.Request{
		U: "1", Refs: wire.Explicit, Headers: map[string]string{"a\uFFFD": "\uFFFD"},
		Commands: []wire.Command{{Name: "n\uFFFD", Function: "f", Kwargs: map[string]codec.Value{"k\uFFFD": {}}}},
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
