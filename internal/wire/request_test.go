package wire_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestRequestVectors(t *testing.T) {
	type command struct {
		Name   string              `json:"name"`
		Fun    string              `json:"fun"`
		Args   []string            `json:"args"`
		Kwargs map[string]string   `json:"kwargs"`
		Locs   []string            `json:"locs"`
		Refs   map[string][]string `json:"refs"`
	}
	type request struct {
		U            string            `json:"u"`
		Cmds         []command         `json:"cmds"`
		Refs         string            `json:"refs"`
		Return       []string          `json:"return"`
		TimeoutMS    float64           `json:"timeout_ms"`
		Traceparent  string            `json:"traceparent"`
		Headers      map[string]string `json:"headers"`
		ClusterID    string            `json:"cluster_id"`
		Node         string            `json:"node"`
		Intermediate bool              `json:"return_intermediate_results"`
		Summary      bool              `json:"include_execution_summary"`
		Stream       bool              `json:"stream"`
		Window       int               `json:"window"`
		Events       bool              `json:"events"`
		WaitForRoute bool              `json:"wait_for_route"`
		Hedge        bool              `json:"hedge"`
		HedgeMS      float64           `json:"hedge_ms"`
	}
	want := func(t *testing.T, data []byte) *wire.Request {
		in := load[request](t, data)
		out := &wire.Request{
			U: in.U, Refs: in.Refs, Return: in.Return, TimeoutMS: in.TimeoutMS, Traceparent: in.Traceparent,
			Headers: in.Headers, ClusterID: in.ClusterID, Node: in.Node,
			ReturnIntermediate: in.Intermediate, IncludeSummary: in.Summary,
			Stream: in.Stream, Window: in.Window, Events: in.Events,
			WaitForRoute: in.WaitForRoute, Hedge: in.Hedge, HedgeMS: in.HedgeMS,
		}
		for _, c := range in.Cmds {
			cmd := wire.Command{Name: c.Name, Function: c.Fun, Kwargs: raws(c.Kwargs), Locs: c.Locs, Refs: map[string]wire.Ref{}}
			for _, arg := range c.Args {
				cmd.Args = append(cmd.Args, raw(arg))
			}
			for place, ref := range c.Refs {
				cmd.Refs[place] = wire.Ref{Command: ref[0], Path: ref[1:]}
			}
			out.Commands = append(out.Commands, cmd)
		}
		return out
	}
	run(t, "request.json", wire.DecodeRequest, want,
		func(r *wire.Request) ([]byte, error) { return wire.AppendRequest(nil, r) })
}

// TestRequestRoundTrip: what is written is read as it was, byte for byte in the
// values, and is the same when written again.
func TestRequestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := requests.Draw(t, "request")
		message, err := wire.AppendRequest([]byte("kept"), r)
		if err != nil || string(message[:4]) != "kept" {
			t.Fatalf("%v: %s", err, message)
		}
		message = message[4:]
		if h := wire.Sniff(message); h.Role != wire.RoleRequest || h.U != r.U {
			t.Fatalf("sniffed %+v in %s", h, message)
		}
		got, err := wire.DecodeRequest(message)
		if err != nil {
			t.Fatalf("%v: %s", err, message)
		}
		if diff := cmp.Diff(r, got, equal); diff != "" {
			t.Fatalf("%s\n(-want +got):\n%s", message, diff)
		}
		again, err := wire.AppendRequest(nil, got)
		if err != nil || !bytes.Equal(again, message) {
			t.Fatalf("%v\n got %s\nwant %s", err, again, message)
		}
	})
}

// TestOlderRequest: the wrapped form means what the plain one means.
func TestOlderRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := requests.Draw(t, "request")
		message, err := wire.AppendRequest(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		older := append(append([]byte(`{"role":"rpc","rpc":`), message...), '}')
		got, err := wire.DecodeRequest(older)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, got, equal); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if h := wire.Sniff(older); h.Role != wire.RoleRequest || h.U != r.U {
			t.Fatalf("sniffed %+v", h)
		}
	})
}

func TestAppendRequestTranscodes(t *testing.T) {
	encode := func(v any) codec.Value {
		value, err := codec.Encode(codec.CBOR{}, v)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	r := &wire.Request{U: "1", Commands: []wire.Command{{
		Name: "a", Function: "f",
		Args:   []codec.Value{encode(uint64(math.MaxUint64)), encode([]any{1.0, nil}), {}},
		Kwargs: map[string]codec.Value{"k": encode("é")},
	}}}
	got, err := wire.AppendRequest(nil, r)
	want := `{"role":"rpc","u":"1","cmds":[{"name":"a","fun":"f","args":[18446744073709551615,[1.0,null],null],"kwargs":{"k":"é"}}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	for where, cmd := range map[string]wire.Command{
		"argument 1":  {Args: []codec.Value{raw("1"), encode(math.NaN())}},
		`keyword "k"`: {Kwargs: map[string]codec.Value{"k": encode(math.Inf(1))}},
	} {
		cmd.Name, cmd.Function = "a", "f"
		out, err := wire.AppendRequest([]byte("x"), &wire.Request{U: "1", Commands: []wire.Command{cmd}})
		e := wireError(t, err)
		if out != nil || e.Code != wire.InvalidArgument || !strings.HasPrefix(e.Message, where+" can't be sent as JSON") {
			t.Errorf("%s: got %q, %v", where, out, e)
		}
		if diff := cmp.Diff(map[string]any{"command": "a", "function": "f", "executed": "no"}, e.Details); diff != "" {
			t.Errorf("%s: details (-want +got):\n%s", where, diff)
		}
	}
}

func TestParseRequest(t *testing.T) {
	want := &wire.Request{Commands: []wire.Command{{Name: "a", Function: "f", Args: []codec.Value{raw("1.0")}}}}
	const body = `"cmds":[{"name":"a","fun":"f","args":[1.0]}]`
	for _, message := range []string{
		`{` + body + `}`,
		`{"u":"7",` + body + `}`,
		`{"role":"rpc","u":"` + strings.Repeat("u", 200) + `",` + body + `}`,
		`{"role":"rpc","rpc":{"u":"7",` + body + `}}`,
	} {
		got, err := wire.ParseRequest([]byte(message))
		if err != nil {
			t.Errorf("%s: %v", message, err)
		} else if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Errorf("%s (-want +got):\n%s", message, diff)
		}
	}
	for message, says := range map[string]string{
		`{}`:                         `field "cmds" is missing or empty`,
		`[]`:                         "must be an object, not a list",
		`{"cmds":[{"name":"a"}]}`:    `field "cmds[0].fun" is missing or empty`,
		`{"cmds":[{"name":"a","fun"`: "malformed JSON",
	} {
		_, err := wire.ParseRequest([]byte(message))
		if e := wireError(t, err); e.Code != wire.InvalidRequest || !strings.Contains(e.Message, says) {
			t.Errorf("%s: got %v, want %q", message, e, says)
		}
	}
}

func TestTimeout(t *testing.T) {
	for ms, want := range map[float64]time.Duration{
		0:                0,
		1500:             1500 * time.Millisecond,
		0.25:             250 * time.Microsecond,
		1e-9:             1, // there is a deadline, however short
		1e300:            876_000 * time.Hour,
		math.MaxFloat64:  876_000 * time.Hour,
		3_153_600_000_00: 87_600 * time.Hour,
	} {
		if got := (&wire.Request{TimeoutMS: ms}).Timeout(); got != want {
			t.Errorf("%v ms: got %v, want %v", ms, got, want)
		}
	}
	for d, want := range map[time.Duration]float64{
		2 * time.Second:        2000,
		time.Nanosecond:        0.001,
		0:                      0.001,
		-time.Second:           0.001,
		1500 * time.Nanosecond: 0.0015,
	} {
		var r wire.Request
		if r.SetTimeout(d); r.TimeoutMS != want {
			t.Errorf("%v: got %v ms, want %v", d, r.TimeoutMS, want)
		}
	}
}
