package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

func TestWorkerNoticeVectors(t *testing.T) {
	want := func(t *testing.T, data []byte) *wire.WorkerNotice {
		in := load[struct {
			U         string             `json:"u"`
			What      string             `json:"what"`
			ClusterID string             `json:"cluster_id"`
			Offers    []wire.WorkerOffer `json:"offers"`
		}](t, data)
		return &wire.WorkerNotice{U: in.U, What: in.What, ClusterID: in.ClusterID, Offers: in.Offers}
	}
	run(t, "worker_server.json", wire.DecodeWorkerNotice, want, nil)
}

// A notice is refused by its size, and not only by what a reader has made of it.
func TestWorkerNoticeBounds(t *testing.T) {
	hello := func(field, entries string) []byte {
		return []byte(`{"role":"server","u":"h1","server":{"what":"HELLO","` + field + `":[` + entries + `]}}`)
	}
	for name, test := range map[string]struct {
		message []byte
		limit   string
		most    int64
	}{
		"the message": {hello("offers", repeat("{}", 400_000)), "server_bytes", 1 << 20},
		"offers":      {hello("offers", repeat(`{"fun":"f"}`, 1025)), "server.offers_entries", 1024},
		"names":       {hello("funs", repeat(`"f"`, 1025)), "server.funs_entries", 1024},
		"locs":        {hello("locs", repeat(`"l"`, 65)+`],"funs":["f"`), "server.locs_entries", 64},
		"doc":         {hello("offers", `{"fun":"f","doc":"`+strings.Repeat("é", 4097)+`"}`), "doc_characters", 4096},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.DecodeWorkerNotice(test.message)
			e := wireError(t, err)
			if e.Code != wire.ResourceExhausted || e.Details[wire.DetailLimit] != test.limit || e.Details[wire.DetailMax] != test.most {
				t.Errorf("got %v %v, want the limit %s of %d", e, e.Details, test.limit, test.most)
			}
			refused(t, err)
		})
	}
	n, err := wire.DecodeWorkerNotice(hello("funs", repeat(`"f"`, 1024)))
	if err != nil || len(n.Offers) != 1024 {
		t.Errorf("as many as there may be: %v, %v", n, err)
	}
}

func TestWorkerAnswerVectors(t *testing.T) {
	want := func(t *testing.T, data []byte) *wire.WorkerAnswer {
		in := load[struct {
			U      string `json:"u"`
			Answer string `json:"answer"`
			Error  *struct {
				Code    wire.Code        `json:"code"`
				Message string           `json:"message"`
				Details map[string]int64 `json:"details"`
			} `json:"error"`
		}](t, data)
		a := &wire.WorkerAnswer{U: in.U}
		if in.Error == nil {
			a.Value = raw(in.Answer)
			return a
		}
		a.Error = &wire.Error{Code: in.Error.Code, Message: in.Error.Message}
		for key, n := range in.Error.Details {
			a.Error = a.Error.With(key, n)
		}
		return a
	}
	run(t, "worker_answer.json", wire.DecodeWorkerAnswer, want, nil)
}

func TestWorkerCallVectors(t *testing.T) {
	for _, v := range vectors(t, "worker_call.json") {
		t.Run(v.Name, func(t *testing.T) {
			in := load[struct {
				U           string            `json:"u"`
				Command     string            `json:"command"`
				Args        []string          `json:"args"`
				Kwargs      map[string]string `json:"kwargs"`
				Locs        []string          `json:"locs"`
				TimeoutUS   int64             `json:"timeout_us"`
				Traceparent string            `json:"traceparent"`
				Headers     map[string]string `json:"headers"`
			}](t, v.Decoded)
			c := &wire.WorkerCall{
				U: in.U, Function: in.Command, Kwargs: raws(in.Kwargs), Locs: in.Locs,
				Timeout: time.Duration(in.TimeoutUS) * time.Microsecond, Traceparent: in.Traceparent, Headers: in.Headers,
			}
			for _, arg := range in.Args {
				c.Args = append(c.Args, raw(arg))
			}
			got, err := wire.AppendWorkerCall(nil, c)
			if err != nil || string(got) != string(v.Message) {
				t.Errorf("error %v\n got %s\nwant %s", err, got, v.Message)
			}
		})
	}
}

func TestWorkerCallTransmutes(t *testing.T) {
	in, err := codec.Encode(codec.CBOR{}, []any{int64(1), "x"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.AppendWorkerCall(nil, &wire.WorkerCall{U: "w1", Function: "f", Args: []codec.Value{in, {}}, Timeout: 1})
	want := `{"role":"internal-rpc","u":"w1","command":"f","args":[[1,"x"],null],"kwargs":{},"results":{},"locs":[],"timeout_ms":0.001,"headers":{}}`
	if err != nil || string(got) != want {
		t.Errorf("error %v\n got %s\nwant %s", err, got, want)
	}
	for name, bad := range map[string]codec.Value{
		"what closes the list":  raw(`1],"u":"w9","args":[2`),
		"what is cut off":       raw(`[1`),
		"nothing":               raw(``),
		"what JSON has not":     codec.Raw(codec.CBOR{}, []byte{0xf9, 0x7e, 0x00}),
		"what nobody here read": codec.Raw(wire.Opaque{}, []byte("x")),
	} {
		for place, c := range map[string]*wire.WorkerCall{
			"argument 0":  {U: "w1", Function: "f", Args: []codec.Value{bad}},
			`keyword "k"`: {U: "w1", Function: "f", Kwargs: map[string]codec.Value{"k": bad}},
		} {
			out, err := wire.AppendWorkerCall(nil, c)
			if e := wireError(t, err); out != nil || e.Code != wire.InvalidArgument || !strings.HasPrefix(e.Message, place+" can't be sent to a worker") {
				t.Errorf("%s as %s: %q, %v", name, place, out, e)
			}
		}
	}
}

// Whatever is in a call, its message says just that.
func TestWorkerCallReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := commands.Draw(t, "command")
		headers := rapid.MapOfN(names, rapid.String(), 0, 3).Draw(t, "headers")
		data, err := wire.AppendWorkerCall(nil, &wire.WorkerCall{U: c.Name, Function: c.Function, Args: c.Args, Kwargs: c.Kwargs, Locs: c.Locs, Headers: headers})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Role, U, Command string
			Args             []codec.Value
			Kwargs           map[string]codec.Value
			Results          map[string]any
			Locs             []string
			Headers          map[string]string
		}
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		if got.Role != "internal-rpc" || got.U != c.Name || got.Command != c.Function || got.Results == nil || len(got.Results) > 0 {
			t.Fatalf("%+v in %s", got, data)
		}
		for _, diff := range []string{
			cmp.Diff(c.Args, got.Args, equal), cmp.Diff(c.Kwargs, got.Kwargs, equal),
			cmp.Diff(c.Locs, got.Locs, equal), cmp.Diff(headers, got.Headers, equal),
		} {
			if diff != "" {
				t.Fatalf("(-want +got):\n%s\nin %s", diff, data)
			}
		}
	})
}

func TestNoticeAnswerVectors(t *testing.T) {
	for _, v := range vectors(t, "worker_response.json") {
		in := load[struct {
			U     string      `json:"u"`
			R     string      `json:"r"`
			Error *wire.Error `json:"error"`
		}](t, v.Decoded)
		if got := wire.AppendNoticeAnswer(nil, in.U, in.R, in.Error); string(got) != string(v.Message) {
			t.Errorf("%s:\n got %s\nwant %s", v.Name, got, v.Message)
		}
	}
}

func FuzzDecodeWorkerNotice(f *testing.F) {
	seed(f, "worker_server.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := wire.DecodeWorkerNotice(data)
		if err != nil {
			refused(t, err)
			return
		}
		if n.U == "" || n.What != wire.NoticeHello && n.What != wire.NoticeGoodbye && n.What != wire.NoticeStatus || len(n.Offers) > 2048 {
			t.Fatalf("accepted %s", data)
		}
		for _, o := range n.Offers {
			if o.Function == "" || len(o.Locs) > 64 || o.MaxConcurrent < 0 {
				t.Fatalf("accepted %+v in %s", o, data)
			}
		}
		if answer := wire.AppendNoticeAnswer(nil, n.U, wire.NoticeAdded, nil); !json.Valid(answer) {
			t.Fatalf("answered %s", answer)
		}
	})
}

// FuzzDecodeWorkerAnswer: the quick way and the general one, to which a member that
// nobody knows leads, read the same.
func FuzzDecodeWorkerAnswer(f *testing.F) {
	seed(f, "worker_answer.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		a, err := wire.DecodeWorkerAnswer(data)
		if !bytes.Equal(before, data) {
			t.Fatal("decoding changed the message")
		}
		if err != nil {
			refused(t, err)
			return
		}
		if a.U == "" || len(a.U) > wire.MaxID || !validText(a.Value.Bytes()) {
			t.Fatalf("accepted %s", data)
		}
		open := bytes.IndexByte(data, '{') + 1
		comma := ","
		if rest := bytes.TrimLeft(data[open:], " \t\r\n"); rest[0] == '}' {
			comma = ""
		}
		slow := fmt.Appendf(nil, `{"nobody knows it":0%s%s`, comma, data[open:])
		b, err := wire.DecodeWorkerAnswer(slow)
		if diff := cmp.Diff(a, b, equal); diff != "" || err != nil {
			t.Fatalf("%v (-quick +general):\n%s", err, diff)
		}
	})
}
