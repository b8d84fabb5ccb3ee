package wire_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestResponseVectors(t *testing.T) {
	type level struct {
		RequestID   string            `json:"request_id"`
		Index       int               `json:"level_index"`
		Results     map[string]string `json:"level_results"`
		Accumulated map[string]string `json:"accumulated_results"`
		Total       int               `json:"total_levels"`
		Completed   int               `json:"completed_levels"`
		Timestamp   float64           `json:"timestamp"`
		MS          float64           `json:"execution_time_ms"`
	}
	type response struct {
		U       string            `json:"u"`
		Results map[string]string `json:"results"`
		Error   *struct {
			Code    wire.Code      `json:"code"`
			Message string         `json:"message"`
			Details map[string]any `json:"details"`
		} `json:"error"`
		Levels   []level       `json:"levels"`
		Summary  *wire.Summary `json:"summary"`
		Streamed bool          `json:"streamed"`
		Items    int64         `json:"items"`
	}
	want := func(t *testing.T, data []byte) *wire.Response {
		in := load[response](t, data)
		out := &wire.Response{U: in.U, Summary: in.Summary, Streamed: in.Streamed, Items: in.Items}
		for name, value := range in.Results {
			out.Results = append(out.Results, wire.Result{Name: name, Value: raw(value)})
		}
		sortResults(out)
		if e := in.Error; e != nil {
			out.Error = &wire.Error{Code: e.Code, Message: e.Message, Details: e.Details}
			for key, detail := range e.Details {
				if f, ok := detail.(float64); ok {
					e.Details[key] = int64(f) // the kind of codec.JSON
				}
			}
		}
		for _, l := range in.Levels {
			out.Intermediate = append(out.Intermediate, wire.Level{
				RequestID: l.RequestID, Index: l.Index, Results: raws(l.Results), AccumulatedResults: raws(l.Accumulated),
				TotalLevels: l.Total, CompletedLevels: l.Completed, Timestamp: l.Timestamp, ExecutionTimeMS: l.MS,
			})
		}
		return out
	}
	decode := func(data []byte) (*wire.Response, error) {
		r, err := wire.DecodeResponse(data)
		if err == nil {
			sortResults(r)
		}
		return r, err
	}
	run(t, "response.json", decode, want,
		func(r *wire.Response) ([]byte, error) { return wire.AppendResponse(nil, r, 0) })
}

func sortResults(r *wire.Response) {
	slices.SortFunc(r.Results, func(a, b wire.Result) int { return strings.Compare(a.Name, b.Name) })
}

func TestResponseRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := responses.Draw(t, "response")
		message, err := wire.AppendResponse([]byte("kept"), r, 0)
		if err != nil || string(message[:4]) != "kept" {
			t.Fatalf("%v: %s", err, message)
		}
		message = message[4:]
		if h := wire.Sniff(message); h.Role != wire.RoleResponse || h.U != r.U {
			t.Fatalf("sniffed %+v in %s", h, message)
		}
		got, err := wire.DecodeResponse(message)
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		sortResults(r)
		sortResults(got)
		if diff := cmp.Diff(r, got, equal); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", message, diff)
		}
	})
}

// TestResponseLimit: a response fails if, and only if, it would be larger than
// the limit, wherever in it the limit falls.
func TestResponseLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := responses.Draw(t, "response")
		whole, err := wire.AppendResponse(nil, r, 0)
		if err != nil {
			t.Fatal(err)
		}
		limit := int64(rapid.IntRange(1, len(whole)+1).Draw(t, "limit"))
		got, err := wire.AppendResponse([]byte("kept"), r, limit)
		if int64(len(whole)) <= limit {
			if err != nil || string(got) != "kept"+string(whole) {
				t.Fatalf("%v\n got %s\nwant %s", err, got, whole)
			}
			return
		}
		e, ok := err.(*wire.Error)
		if !ok || e.Code != wire.ResourceExhausted {
			t.Fatalf("limit %d of %d: got %v", limit, len(whole), err)
		}
		if diff := cmp.Diff(map[string]any{"limit": "message_bytes", "max": limit}, e.Details); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// TestAccumulatedBounded: 10,000 levels of a kilobyte accumulate to 50 GB; only
// so much of it is ever written as the limit allows.
func TestAccumulatedBounded(t *testing.T) {
	const limit = 1 << 20
	r := &wire.Response{U: "1"}
	for i := range 10_000 {
		r.Intermediate = append(r.Intermediate, wire.Level{
			Index: i, Results: wire.Results{fmt.Sprint("c", i): raw(`"` + strings.Repeat("x", 1000) + `"`)},
		})
	}
	out, err := wire.AppendResponse(nil, r, limit)
	if e := wireError(t, err); e.Code != wire.ResourceExhausted {
		t.Errorf("got %v", e)
	}
	if cap(out) > 2*limit {
		t.Errorf("%d bytes were allocated", cap(out))
	}
}

func TestLevels(t *testing.T) {
	got, err := wire.AppendResponse(nil, &wire.Response{U: "é", Intermediate: []wire.Level{
		{RequestID: "é", Results: wire.Results{"b": raw("1.0"), "a": raw("[ 1]")}, TotalLevels: 3, CompletedLevels: 1, Timestamp: 1.5},
		{RequestID: "é", Index: 1, TotalLevels: 3, CompletedLevels: 2},
		{RequestID: "é", Index: 2, Results: wire.Results{`"`: raw("null")}, TotalLevels: 3, CompletedLevels: 3, ExecutionTimeMS: 0.25},
	}}, 0)
	want := `{"role":"rpc-response","u":"é","r":{},"error":null,"intermediate_results":[` +
		`{"request_id":"é","level_index":0,"level_results":{"a":[ 1],"b":1.0},"accumulated_results":{"a":[ 1],"b":1.0},` +
		`"total_levels":3,"completed_levels":1,"timestamp":1.5,"execution_time_ms":0.0},` +
		`{"request_id":"é","level_index":1,"level_results":{},"accumulated_results":{"a":[ 1],"b":1.0},` +
		`"total_levels":3,"completed_levels":2,"timestamp":0.0,"execution_time_ms":0.0},` +
		`{"request_id":"é","level_index":2,"level_results":{"\"":null},"accumulated_results":{"a":[ 1],"b":1.0,"\"":null},` +
		`"total_levels":3,"completed_levels":3,"timestamp":0.0,"execution_time_ms":0.25}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

func TestUnencodableResult(t *testing.T) {
	nan, err := codec.Encode(codec.CBOR{}, math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*wire.Response{
		"result": {U: "1", Results: []wire.Result{{Name: "ok", Value: raw("1")}, {Name: "bad", Value: nan}}},
		"level":  {U: "1", Intermediate: []wire.Level{{Results: wire.Results{"bad": nan}}}},
	} {
		_, err := wire.AppendResponse(nil, r, 0)
		e := wireError(t, err)
		if e.Code != wire.Internal || e.Details["command"] != "bad" || !strings.Contains(e.Message, "can't be sent as JSON") {
			t.Errorf("%s: got %v, %v", name, e, e.Details)
		}
	}
	_, err = wire.AppendResponse(nil, &wire.Response{U: "1", Summary: &wire.Summary{AverageLevelTimeMS: math.NaN()}}, 0)
	if e := wireError(t, err); e.Code != wire.Internal {
		t.Errorf("summary: got %v", e)
	}
}

// TestErrorDetails: numbers keep their kinds on the way, and what can't be sent
// costs neither the error nor the other details.
func TestErrorDetails(t *testing.T) {
	huge, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	sent := &wire.Error{Code: 2001, Message: "line\n\"quoted\" \xff", Details: map[string]any{
		"a channel": make(chan int), "cause": wire.Errorf(1003, "<no paper>").With("n", 1.0), "command": "c", "executed": "yes", "float": 1.0, "huge": huge,
		"int": 7, "nan": math.NaN(), "nested": map[string]any{"list": []any{uint64(math.MaxUint64), nil}}, "z func": func() {},
	}}
	got, err := wire.AppendResponse(nil, &wire.Response{U: "1", Error: sent}, 0)
	want := `{"role":"rpc-response","u":"1","r":null,"error":{"code":2001,"message":"line\n\"quoted\" \ufffd","details":{` +
		`"cause":{"code":1003,"message":"<no paper>","details":{"n":1.0}},"command":"c","executed":"yes","float":1.0,"huge":123456789012345678901234567890,"int":7,` +
		`"nested":{"list":[18446744073709551615,null]}}}}`
	if err != nil || string(got) != want {
		t.Fatalf("%v\n got %s\nwant %s", err, got, want)
	}
	r, err := wire.DecodeResponse(got)
	if err != nil {
		t.Fatal(err)
	}
	back := &wire.Error{Code: 2001, Message: "line\n\"quoted\" \ufffd", Details: map[string]any{
		"cause":   map[string]any{"code": int64(1003), "message": "<no paper>", "details": map[string]any{"n": 1.0}},
		"command": "c", "executed": "yes", "float": 1.0, "huge": huge,
		"int": int64(7), "nested": map[string]any{"list": []any{uint64(math.MaxUint64), nil}},
	}}
	if diff := cmp.Diff(back, r.Error, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrorWith(t *testing.T) {
	first := wire.Errorf(wire.NotFound, "no %s", "luck").With("a", 1)
	second := first.With("a", 2).With("b", 3)
	if diff := cmp.Diff(map[string]any{"a": 1}, first.Details); diff != "" {
		t.Errorf("the original has changed (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"a": 2, "b": 3}, second.Details); diff != "" || second.Error() != "1001: no luck" {
		t.Errorf("%v (-want +got):\n%s", second, diff)
	}
}
