package protocoltest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// nearAndFar runs two nodes of a cluster: far has all functions, near none.
func nearAndFar(t testing.TB) (near, far *mpreg.Server) {
	t.Helper()
	far = testkit.NewServer(t, mpreg.Config{Name: "far", MaxMessageBytes: 4 << 20}, mpreg.WithCodec(codec.CBOR{}))
	testkit.RegisterFunctions(t, &far.Registry)
	for name, fn := range map[string]any{
		// echo and echos run where they are asked for; these have one place.
		"keep":  func(v mpreg.Value) mpreg.Value { return v },
		"keeps": func(v ...mpreg.Value) []mpreg.Value { return append([]mpreg.Value{}, v...) },
		"text":  func() string { return "in JSON" },
	} {
		testkit.Must(t, far.Register(name, fn))
	}
	testkit.Run(t, far)
	near = testkit.Serve(t, mpreg.Config{Name: "near", MaxMessageBytes: 4 << 20, Peers: []string{far.URL()}}, mpreg.WithCodec(codec.CBOR{}))
	testkit.Acquainted(t, near, far)
	return near, far
}

// entry is a way for Go callers to the functions of a node.
type entry struct {
	name   string
	client *mpreg.Client
	node   *mpreg.Server // the one that the caller reaches
	hops   int           // from there to the functions
	cbor   bool          // values are in CBOR, else in JSON
}

// entries are all ways to the functions of far: at it and one hop away, with
// values in JSON and in CBOR, through a socket and within a node.
func entries(t testing.TB, near, far *mpreg.Server) []entry {
	t.Helper()
	cbor := mpreg.WithCodec(codec.CBOR{})
	return []entry{
		{"json", testkit.Connect(t, far.URL()), far, 0, false},
		{"cbor", testkit.Connect(t, far.URL(), cbor), far, 0, true},
		{"cbor within the node", far.Client(), far, 0, true},
		{"json one hop away", testkit.Connect(t, near.URL()), near, 1, false},
		{"cbor one hop away", testkit.Connect(t, near.URL(), cbor), near, 1, true},
		{"cbor within a node one hop away", near.Client(), near, 1, true},
	}
}

// hopOf returns the hop that an error tells; none is 0.
func hopOf(details map[string]any) int64 {
	switch hop := details["hop"].(type) {
	case int64:
		return hop
	case float64:
		return int64(hop)
	}
	return 0
}

// remote has the functions of a message run where their one place is.
var remote = strings.NewReplacer(`"fun":"echo"`, `"fun":"keep"`, `"fun":"echos"`, `"fun":"keeps"`)

// socketEntry is a way for messages that are written by hand to the functions of
// a node.
type socketEntry struct {
	name string
	node *mpreg.Server // the one that the caller reaches
	hops int           // from there to the functions
	json bool          // the messages are sent as they are, else as frames
	cbor bool          // values are in CBOR, else in JSON
	// ask sends a message and returns its answer. It fails the test unless the
	// connection then lives.
	ask func(t testing.TB, message string) testkit.Answer
}

// socketEntries are JSON messages and frames with values in JSON and CBOR, at far
// and one hop away.
func socketEntries(near, far *mpreg.Server) []socketEntry {
	overJSON := func(s *mpreg.Server) func(t testing.TB, message string) testkit.Answer {
		return func(t testing.TB, message string) testkit.Answer {
			t.Helper()
			ws := testkit.Dial(t, s.URL(), websocket.Dialer{})
			ws.Send(message)
			a := ws.Receive()
			ws.Alive()
			return a
		}
	}
	overFrames := func(s *mpreg.Server, c codec.Codec) func(t testing.TB, message string) testkit.Answer {
		return func(t testing.TB, message string) testkit.Answer {
			t.Helper()
			p := clientAt(t, s)
			a := p.ask(message, c)
			p.alive()
			return a
		}
	}
	return []socketEntry{
		{"json messages", far, 0, true, false, overJSON(far)},
		{"json in frames", far, 0, false, false, overFrames(far, codec.JSON{})},
		{"cbor in frames", far, 0, false, true, overFrames(far, codec.CBOR{})},
		{"json messages one hop away", near, 1, true, false, overJSON(near)},
		{"json in frames one hop away", near, 1, false, false, overFrames(near, codec.JSON{})},
		{"cbor in frames one hop away", near, 1, false, true, overFrames(near, codec.CBOR{})},
	}
}

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

// explicit is [testkit.Request] with references in places of their own.
func explicit(cmds string) string {
	return `{"role":"rpc","u":"7","refs":"explicit","cmds":[` + cmds + `]}`
}
