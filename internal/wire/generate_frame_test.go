package wire_test

import (
	"encoding/hex"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// hexed is a codec that the tests have and the package does not: text in
// hexadecimal digits.
type hexed struct{}

func (hexed) Name() string { return "x.hex" }

func (hexed) Append(dst []byte, v any) ([]byte, error) {
	data, err := codec.JSON{}.Append(nil, v)
	return hex.AppendEncode(dst, data), err
}

func (hexed) Decode(data []byte, v any) error {
	plain, err := hex.DecodeString(string(data))
	if err != nil {
		return err
	}
	return codec.JSON{}.Decode(plain, v)
}

// known finds the codec of the tests.
func known(name string) codec.Codec {
	if name == (hexed{}).Name() {
		return hexed{}
	}
	return nil
}

// joined returns the bytes of a frame.
func joined(f *wire.Frame) []byte {
	var out []byte
	for _, part := range f.Parts(nil) {
		out = append(out, part...)
	}
	return out
}

// split decodes the head of a frame.
func split(tb testing.TB, frame []byte) (wire.FrameHead, []byte) {
	tb.Helper()
	h, body, err := wire.DecodeFrameHead(frame)
	if err != nil {
		tb.Fatal(err)
	}
	return h, body
}

// frameValues draws values in all codecs.
var frameValues = rapid.Custom(func(t *rapid.T) codec.Value {
	data := []byte(jsonText(t, 2))
	v := codec.Raw(codec.JSON{}, data)
	var err error
	switch rapid.SampledFrom([]string{"json", "cbor", "hex", "null"}).Draw(t, "codec") {
	case "cbor":
		if in, err := v.In(codec.CBOR{}); err == nil { // 1E+400 does not fit
			return in
		}
	case "hex":
		v = codec.Raw(hexed{}, hex.AppendEncode(nil, data))
	case "null":
		v, err = codec.Encode(codec.CBOR{}, nil)
		if err != nil || rapid.Bool().Draw(t, "zero") {
			return codec.Value{}
		}
	}
	return v
})

var frameCommands = rapid.Custom(func(t *rapid.T) wire.Command {
	c := wire.Command{
		Function: names.Draw(t, "fun"),
		Args:     rapid.SliceOfN(frameValues, 0, 6).Draw(t, "args"),
		Kwargs:   rapid.MapOfN(rapid.StringN(0, 10, -1), frameValues, 0, 3).Draw(t, "kwargs"),
		Locs:     rapid.SliceOfN(names, 0, 3).Draw(t, "locs"),
	}
	c.Name = c.Function
	if rapid.Bool().Draw(t, "named") {
		c.Name = names.Draw(t, "name")
	}
	if rapid.Bool().Draw(t, "refers") {
		c.Refs = rapid.MapOfN(rapid.StringN(0, 10, -1), refs, 0, 3).Draw(t, "refs")
	}
	return c
})

// microTimeouts draws timeouts of whole microseconds, up to a hundred years.
var microTimeouts = rapid.Custom(func(t *rapid.T) float64 {
	const most = 100 * 365 * 24 * 3600 * 1_000_000
	return float64(rapid.Uint64Range(0, most).Draw(t, "µs")) / 1000
})

// frameRequests draws requests that come back from a frame as they are.
var frameRequests = rapid.Custom(func(t *rapid.T) *wire.Request {
	r := requests.Draw(t, "request")
	r.TimeoutMS = microTimeouts.Draw(t, "timeout")
	r.Commands = rapid.SliceOfN(frameCommands, 1, 4).Draw(t, "cmds")
	if rapid.Bool().Draw(t, "call") {
		r.Commands = r.Commands[:1]
		r.Commands[0].Refs, r.Return, r.ReturnIntermediate, r.IncludeSummary = nil, nil, false, false
	}
	if r.IsCall() {
		r.Refs = wire.Explicit
	}
	r.Hops = rapid.Uint8().Draw(t, "hops")
	r.Accept = rapid.SampledFrom([]string{"", "cbor", "json", "x.hex", "a+b-1"}).Draw(t, "accept")
	if rapid.Bool().Draw(t, "vouched") {
		r.Caller = &wire.Caller{
			Name:   rapid.String().Draw(t, "caller"),
			Claims: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "claims"),
		}
	}
	drawWishes(t, r)
	return r
})

// drawWishes draws how a request wants to be run, as a frame can carry it.
func drawWishes(t *rapid.T, r *wire.Request) {
	r.Window, r.HedgeMS = 0, 0
	if r.Stream {
		r.Window = rapid.IntRange(0, wire.MaxWindow).Draw(t, "window")
		r.WindowBytes = rapid.Int64Range(0, wire.MaxWindowBytes).Draw(t, "window bytes")
	}
	if r.Hedge {
		r.HedgeMS = microTimeouts.Draw(t, "hedge_ms")
	}
	if rapid.Bool().Draw(t, "keep") {
		r.Keep = rapid.Int64Min(1).Draw(t, "size")
		r.KeepFor = time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "for")) * time.Microsecond
	}
	if r.IsCall() && rapid.Bool().Draw(t, "splices") {
		r.Splices = splicesOf(t, &r.Commands[0])
	}
}

// frameFetches draws requests for values.
var frameFetches = rapid.Custom(func(t *rapid.T) *wire.Request {
	r := frameRequests.Draw(t, "request")
	l := wire.LeaseOf(leases.Draw(t, "lease"))
	return &wire.Request{
		U: r.U, TimeoutMS: r.TimeoutMS, Hops: r.Hops, Traceparent: r.Traceparent, ClusterID: r.ClusterID, Caller: r.Caller,
		Fetch: &wire.Fetch{
			Node:  rapid.StringN(0, 20, -1).Draw(t, "node"),
			Token: l.Token,
			Path:  rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "path"),
		},
	}
})

// frameResponses draws responses that come back from a frame as they are.
var frameResponses = rapid.Custom(func(t *rapid.T) *wire.Response {
	r := responses.Draw(t, "response")
	r.U = ""
	for i := range r.Results {
		r.Results[i].Value = rapid.OneOf(frameValues, leases).Draw(t, "value")
	}
	for i := range r.Intermediate {
		for _, results := range []wire.Results{r.Intermediate[i].Results, r.Intermediate[i].AccumulatedResults} {
			for name, v := range results {
				results[name] = inCBOR(v)
			}
		}
	}
	return r
})

// inCBOR is how a level carries v.
func inCBOR(v codec.Value) codec.Value {
	in, err := v.In(codec.CBOR{})
	if err != nil {
		in, _ = codec.Encode(codec.CBOR{}, err.Error())
	}
	return in
}

// texts draws lists of texts that are not empty; an empty list is nil, as it is
// when nothing was sent.
var texts = rapid.Custom(func(t *rapid.T) []string {
	var list []string
	for range rapid.IntRange(0, 3).Draw(t, "length") {
		list = append(list, rapid.StringN(1, 20, -1).Draw(t, "text"))
	}
	return list
})

var hellos = rapid.Custom(func(t *rapid.T) *wire.Hello {
	return &wire.Hello{
		Versions:    rapid.SliceOfN(rapid.IntRange(1, 1000), 1, 3).Draw(t, "versions"),
		Features:    texts.Draw(t, "features"),
		Node:        rapid.String().Draw(t, "node"),
		Name:        rapid.String().Draw(t, "name"),
		Incarnation: rapid.Int64Min(0).Draw(t, "incarnation"),
		Cluster:     rapid.String().Draw(t, "cluster"),
		URLs:        texts.Draw(t, "urls"),
		Codecs:      texts.Draw(t, "codecs"),
		Limits:      wire.Limits{MessageBytes: rapid.Int64Min(0).Draw(t, "message_bytes")},
		Auth:        rapid.String().Draw(t, "auth"),
	}
})
