package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// answerThroughFrame writes a response and reads it again.
func answerThroughFrame(tb rapid.TB, r *wire.Response) *wire.Response {
	tb.Helper()
	var f wire.Frame
	if err := f.Response(1, r, 0); err != nil {
		tb.Fatal(err)
	}
	h, body, err := wire.DecodeFrameHead(joined(&f))
	if err != nil {
		tb.Fatal(err)
	}
	got, err := wire.DecodeFrameResponse(h, body, known)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

// panicking is a detail that can't be encoded.
type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("no") }

// TestFrameErrorDetails: whichever way an error came, its details have the same
// Go types.
func TestFrameErrorDetails(t *testing.T) {
	details := map[string]any{
		"text": "é", "bad text": "\xff", "int": 7, "int64": int64(math.MinInt64), "uint64": uint64(math.MaxUint64),
		"float": 1.0, "float32": float32(0.5), "bool": true, "null": nil, "texts": []string{"a"}, "bytes": []byte{1, 2},
		"list": []any{1, "x", 2.5}, "map": map[string]any{"k": []int{1}}, "time": time.Unix(1, 0).UTC(),
		"struct": struct{ A int }{1}, "stringer": errors.New("x"), "number keys": map[int]string{1: "a"},
		"cause": wire.Errorf(wire.Failed, "boom").With("n", 1), "value": raw(`{"a":1.0}`),
		"NaN": math.NaN(), "channel": make(chan int), "panic": panicking{}, "bad key \xff": 1,
	}
	e := &wire.Error{Code: wire.Failed, Message: "m\xff", Details: details}
	message, err := wire.AppendResponse(nil, &wire.Response{U: "1", Error: e}, 0)
	if err != nil {
		t.Fatal(err)
	}
	want, err := wire.DecodeResponse(message)
	if err != nil {
		t.Fatal(err)
	}
	got := answerThroughFrame(t, &wire.Response{Error: e})
	if diff := cmp.Diff(want.Error, got.Error); diff != "" {
		t.Errorf("(-JSON +binary):\n%s", diff)
	}
	if _, there := got.Error.Details["NaN"]; there || len(got.Error.Details) != len(details)-3 {
		t.Errorf("%d details of %d arrived", len(got.Error.Details), len(details))
	}
	rapid.Check(t, func(t *rapid.T) {
		var tree any
		if err := raw(jsonText(t, 3)).Decode(&tree); err != nil {
			t.Skip(err) // 1E+400
		}
		e := wire.Errorf(wire.Failed, "m").With("x", tree)
		got := answerThroughFrame(t, &wire.Response{Error: e})
		if diff := cmp.Diff(map[string]any{"x": tree}, got.Error.Details); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// TestFrameErrorCode: an application's codes pass, and what is no code of the
// wire is the function's failure.
func TestFrameErrorCode(t *testing.T) {
	for code, want := range map[wire.Code]wire.Code{
		wire.NotFound: wire.NotFound, 2000: 2000, 1: 1, math.MaxInt: math.MaxInt,
		0: wire.Failed, -7: wire.Failed, math.MinInt: wire.Failed,
	} {
		if got := answerThroughFrame(t, &wire.Response{Error: &wire.Error{Code: code, Message: "m"}}); got.Error.Code != want {
			t.Errorf("%d: got %d, want %d", code, got.Error.Code, want)
		}
	}
}

// levels makes n levels of one result each.
func levels(n int, result codec.Value) []wire.Level {
	list := make([]wire.Level, n)
	for i := range list {
		list[i] = wire.Level{Index: i, Results: wire.Results{fmt.Sprint(i): result}}
	}
	return list
}

// TestFrameResponseLimit: a response that is too large, or can't be sent, is
// told so and leaves nothing behind.
func TestFrameResponseLimit(t *testing.T) {
	var f wire.Frame
	large := raw(`"` + strings.Repeat("x", 40_000) + `"`)
	for name, r := range map[string]*wire.Response{
		"a result": {Results: []wire.Result{{Name: "a", Value: large}}},
		"results":  {Results: []wire.Result{{Name: "a", Value: raw("1")}, {Name: "b", Value: large}}},
		"levels":   {Intermediate: levels(3, large)},
		"an error": {Error: wire.Errorf(wire.Failed, "%s", large.Bytes())},
		"details":  {Error: wire.Errorf(wire.Failed, "m").With("x", string(large.Bytes()))},
	} {
		if err := f.Response(1, r, 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		size := int64(f.Size())
		if err := f.Response(1, r, size); err != nil {
			t.Errorf("%s: refused at exactly its size: %v", name, err)
		}
		e := wireError(t, f.Response(1, r, size-1))
		if e.Code != wire.ResourceExhausted || e.Details["limit"] != "message_bytes" || e.Details["max"] != size-1 || f.Size() != 0 {
			t.Errorf("%s: got %v, %v; %d bytes are left", name, e, e.Details, f.Size())
		}
	}
}

func TestFrameResponseUnsendable(t *testing.T) {
	var f wire.Frame
	bad := codec.Raw(missing("Not A Name"), []byte{1})
	for name, row := range map[string]struct {
		response wire.Response
		code     wire.Code
		says     string
	}{
		"a codec without a name": {wire.Response{Results: []wire.Result{{Name: "a", Value: bad}}}, wire.Internal, "the result can't be sent: its codec"},
		"a level with such a codec": {
			wire.Response{Intermediate: levels(1, bad)}, wire.Internal, "its codec has the name",
		},
		"too many accumulated results": {
			wire.Response{Intermediate: levels(1500, raw("1"))}, wire.ResourceExhausted, "accumulated intermediate results",
		},
	} {
		e := wireError(t, f.Response(1, &row.response, 0))
		if e.Code != row.code || !strings.Contains(e.Message, row.says) || f.Size() != 0 {
			t.Errorf("%s: got %v; %d bytes are left", name, e, f.Size())
		}
	}
}

// TestAccumulatedIsBounded: levels that are small on the wire do not become a
// billion results at their reader.
func TestAccumulatedIsBounded(t *testing.T) {
	var list []any
	for i := range 2000 {
		list = append(list, map[string]any{"level_results": map[string]any{fmt.Sprint(i): []byte{0}}})
	}
	data, err := codec.CBOR{}.Append(nil, list)
	if err != nil {
		t.Fatal(err)
	}
	frame := append([]byte{1, 1, byte(len(data)) | 0x80, byte(len(data)>>7) | 0x80, byte(len(data) >> 14)}, data...)
	_, err = wire.DecodeFrameResponse(wire.FrameHead{Kind: wire.KindResult, ID: 1}, append(frame, 0), nil)
	if e := wireError(t, err); e.Code != wire.ResourceExhausted || e.Details["limit"] != "accumulated_results" {
		t.Errorf("got %v, %v", e, e.Details)
	}
}

// TestLevelsKeepTheirBytes: the results of levels are passed on as they are, in
// codecs too that this end does not have.
func TestLevelsKeepTheirBytes(t *testing.T) {
	for _, v := range []codec.Value{{}, raw(`{"b": [1.0,  2]}`), codec.Raw(codec.CBOR{}, []byte{0x82, 1, 2}), codec.Raw(missing("x.pack"), []byte{1, 2})} {
		r := answerThroughFrame(t, &wire.Response{Intermediate: levels(1, v)})
		for _, got := range r.Intermediate[0].AccumulatedResults {
			if got.Codec().Name() != v.Codec().Name() || !bytes.Equal(got.Bytes(), v.Bytes()) {
				t.Errorf("got %s of %s, want %s of %s", got.Bytes(), got.Codec().Name(), v.Bytes(), v.Codec().Name())
			}
		}
		if len(r.Intermediate[0].AccumulatedResults) != 1 {
			t.Errorf("got %d results", len(r.Intermediate[0].AccumulatedResults))
		}
	}
}
