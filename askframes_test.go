package mpreg_test

import (
	"encoding/json"
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// askID is the id of requests that are made of JSON messages, whose u is its
// digits.
const askID = 7

// ask sends the request that a JSON message stands for as a frame, with its
// values in c, and returns the answer as JSON would have it.
func (p *stranger) ask(message string, c codec.Codec) testkit.Answer {
	p.t.Helper()
	r := new(wire.Request)
	testkit.Must(p.t, json.Unmarshal([]byte(message), r))
	for i := range r.Commands {
		cmd := &r.Commands[i]
		for j, arg := range cmd.Args {
			cmd.Args[j] = in(p.t, c, arg)
		}
		for key, arg := range cmd.Kwargs {
			cmd.Kwargs[key] = in(p.t, c, arg)
		}
	}
	if c.Name() != (codec.JSON{}).Name() {
		r.Accept = c.Name()
	}
	for _, f := range inChunks(written(p.t, func(f *wire.Frame) error { return f.Request(askID, r) })) {
		p.send(f)
	}
	h, body, err := p.next()
	testkit.Must(p.t, err)
	if h.ID != askID {
		p.t.Fatalf("want an answer to %d, got %v to %d", askID, h.Kind, h.ID)
	}
	response, err := wire.DecodeFrameResponse(h, body, nil)
	testkit.Must(p.t, err)
	response.U = r.U
	if r.IsCall() && response.Error == nil {
		response.Results[0].Name = r.Commands[0].Name
	}
	return p.asJSON(response)
}

// asJSON is the response as a JSON message.
func (p *stranger) asJSON(r *wire.Response) testkit.Answer {
	p.t.Helper()
	data, err := wire.AppendResponse(nil, r, 0)
	testkit.Must(p.t, err)
	return testkit.ReadAnswer(p.t, string(data))
}

// inChunks is f, cut if it can't be sent in one piece.
func inChunks(f []byte) [][]byte {
	const large = 64 << 10
	if len(f) > large {
		return chunks(1, f)
	}
	return [][]byte{f}
}

func in(t testing.TB, c codec.Codec, v codec.Value) codec.Value {
	t.Helper()
	v, err := v.In(c)
	testkit.Must(t, err)
	return v
}
