package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

// frameVector is one entry of testdata/frame_*.json. Bytes are in hexadecimal
// digits.
type frameVector struct {
	Name    string          `json:"name"`
	Frame   hexBytes        `json:"frame"`   // without its length
	Decoded json.RawMessage `json:"decoded"` // with the names of the JSON messages
	Written hexBytes        `json:"written"` // what is written for the decoded form; absent: the frame
	Error   *expectedError  `json:"error"`
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	data, err := hex.DecodeString(string(text))
	*h = data
	return err
}

func frameVectors(tb testing.TB, file string) []frameVector {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var list []frameVector
	if err := dec.Decode(&list); err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	return list
}

// runFrames decodes the frames of a file, compares with the form that want
// makes of "decoded", and writes them again.
func runFrames[T any](t *testing.T, file string, read func(wire.FrameHead, []byte) (T, error),
	want func(*testing.T, []byte) T, write func(*wire.Frame, wire.FrameHead, T) error,
) {
	for _, v := range frameVectors(t, file) {
		t.Run(v.Name, func(t *testing.T) {
			before := bytes.Clone(v.Frame)
			h, body := split(t, v.Frame)
			got, err := read(h, body)
			if !bytes.Equal(before, v.Frame) {
				t.Fatal("decoding changed the frame")
			}
			if v.Error != nil {
				checkError(t, v.Error, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want(t, v.Decoded), got, equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			written := v.Written
			if written == nil {
				written = v.Frame
			}
			var f wire.Frame
			if err := write(&f, h, got); err != nil || !bytes.Equal(joined(&f), written) {
				t.Errorf("written, %v:\n got %x\nwant %x", err, joined(&f), written)
			}
		})
	}
}

func TestFrameRequestVectors(t *testing.T) {
	type command struct {
		Name   string                 `json:"name"`
		Fun    string                 `json:"fun"`
		Args   []formOfValue          `json:"args"`
		Kwargs map[string]formOfValue `json:"kwargs"`
		Locs   []string               `json:"locs"`
		Refs   map[string][]string    `json:"refs"`
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
		Hops         uint8             `json:"hops"`
		Accept       string            `json:"accept"`
		Caller       *wire.Caller      `json:"caller"`
		Stream       bool              `json:"stream"`
		Window       int               `json:"window"`
		WindowBytes  int64             `json:"window_bytes"`
		Events       bool              `json:"events"`
		WaitForRoute bool              `json:"wait_for_route"`
		Hedge        bool              `json:"hedge"`
		HedgeMS      float64           `json:"hedge_ms"`
		Keep         int64             `json:"keep"`
		KeepForUS    int64             `json:"keep_for_us"`
		Splices      []formOfSplice    `json:"splices"`
		Fetch        *formOfFetch      `json:"fetch"`
	}
	want := func(t *testing.T, data []byte) *wire.Request {
		in := load[request](t, data)
		out := &wire.Request{
			U: in.U, Refs: in.Refs, Return: in.Return, TimeoutMS: in.TimeoutMS, Traceparent: in.Traceparent,
			Headers: in.Headers, ClusterID: in.ClusterID, Node: in.Node,
			ReturnIntermediate: in.Intermediate, IncludeSummary: in.Summary,
			Hops: in.Hops, Accept: in.Accept, Caller: in.Caller,
			Stream: in.Stream, Window: in.Window, WindowBytes: in.WindowBytes, Events: in.Events,
			WaitForRoute: in.WaitForRoute, Hedge: in.Hedge, HedgeMS: in.HedgeMS,
			Keep: in.Keep, KeepFor: time.Duration(in.KeepForUS) * time.Microsecond,
		}
		for _, s := range in.Splices {
			out.Splices = append(out.Splices, s.splice())
		}
		if in.Fetch != nil {
			out.Fetch = &wire.Fetch{Node: in.Fetch.Node, Token: wire.Token(in.Fetch.Token), Path: in.Fetch.Path}
		}
		for _, c := range in.Cmds {
			cmd := wire.Command{Name: c.Name, Function: c.Fun, Kwargs: plainValues(c.Kwargs), Locs: c.Locs, Refs: map[string]wire.Ref{}}
			for _, arg := range c.Args {
				cmd.Args = append(cmd.Args, arg.Value)
			}
			for place, ref := range c.Refs {
				cmd.Refs[place] = wire.Ref{Command: ref[0], Path: ref[1:]}
			}
			out.Commands = append(out.Commands, cmd)
		}
		return out
	}
	read := func(h wire.FrameHead, body []byte) (*wire.Request, error) {
		return wire.DecodeFrameRequest(h, body, known)
	}
	runFrames(t, "frame_request.json", read, want,
		func(f *wire.Frame, h wire.FrameHead, r *wire.Request) error { return f.Request(h.ID, r) })
}

func TestFrameResponseVectors(t *testing.T) {
	type level struct {
		wire.Level
		Results     map[string]formOfValue `json:"level_results"`
		Accumulated map[string]formOfValue `json:"accumulated_results"`
	}
	type response struct {
		Results [][2]json.RawMessage `json:"results"`
		Levels  []level              `json:"levels"`
		Summary *wire.Summary        `json:"summary"`
		Error   *wire.Error          `json:"error"`

		Streamed bool  `json:"streamed"`
		Items    int64 `json:"items"`
	}
	want := func(t *testing.T, data []byte) *wire.Response {
		in := load[response](t, data)
		out := &wire.Response{Summary: in.Summary, Error: in.Error, Streamed: in.Streamed, Items: in.Items}
		for _, pair := range in.Results {
			out.Results = append(out.Results, wire.Result{Name: load[string](t, pair[0]), Value: load[formOfValue](t, pair[1]).Value})
		}
		for _, l := range in.Levels {
			l.Level.Results, l.AccumulatedResults = plainValues(l.Results), plainValues(l.Accumulated)
			out.Intermediate = append(out.Intermediate, l.Level)
		}
		return out
	}
	read := func(h wire.FrameHead, body []byte) (*wire.Response, error) {
		return wire.DecodeFrameResponse(h, body, known)
	}
	runFrames(t, "frame_response.json", read, want,
		func(f *wire.Frame, h wire.FrameHead, r *wire.Response) error { return f.Response(h.ID, r, 0) })
}

// pointerTo loads a decoded form that is the type itself.
func pointerTo[T any](t *testing.T, data []byte) *T {
	form := load[T](t, data)
	return &form
}

func TestHelloVectors(t *testing.T) {
	runFrames(t, "frame_hello.json",
		func(_ wire.FrameHead, body []byte) (*wire.Hello, error) { return wire.DecodeHello(body) },
		pointerTo, func(f *wire.Frame, _ wire.FrameHead, h *wire.Hello) error { return f.Hello(h) })
}

func TestGoawayVectors(t *testing.T) {
	type goaway struct {
		Reason  wire.GoawayReason `json:"reason"`
		Message string            `json:"message"`
	}
	runFrames(t, "frame_goaway.json",
		func(_ wire.FrameHead, body []byte) (*wire.Goaway, error) { return wire.DecodeGoaway(body) },
		func(t *testing.T, data []byte) *wire.Goaway { return (*wire.Goaway)(pointerTo[goaway](t, data)) },
		func(f *wire.Frame, _ wire.FrameHead, g *wire.Goaway) error { f.Goaway(g); return nil })
}

func TestFrameHeadVectors(t *testing.T) {
	type head struct {
		Kind  string   `json:"kind"`
		Flags uint8    `json:"flags"`
		ID    uint64   `json:"id"`
		Body  hexBytes `json:"body"`
	}
	for _, v := range frameVectors(t, "frame_head.json") {
		t.Run(v.Name, func(t *testing.T) {
			h, body, err := wire.DecodeFrameHead(v.Frame)
			if v.Error != nil {
				checkError(t, v.Error, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := head{h.Kind.String(), h.Flags, h.ID, body}
			if diff := cmp.Diff(load[head](t, v.Decoded), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			written := v.Written
			if written == nil {
				written = v.Frame
			}
			if again := append(wire.AppendFrameHead(nil, h), body...); !bytes.Equal(again, written) {
				t.Errorf("written: got %x, want %x", again, written)
			}
		})
	}
}
