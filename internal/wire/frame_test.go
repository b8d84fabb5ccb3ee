package wire_test

import (
	"bytes"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestFrameParts: large values go out as they lie in memory, small ones are
// copied, and a frame can be used again.
func TestFrameParts(t *testing.T) {
	large := []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	r := &wire.Request{Commands: []wire.Command{{
		Name: "f", Function: "f", Args: []codec.Value{raw("1"), codec.Raw(codec.JSON{}, large), raw("2"), codec.Raw(codec.JSON{}, large)},
	}}}
	var f wire.Frame
	for range 2 {
		if err := f.Request(1, r); err != nil {
			t.Fatal(err)
		}
		parts := f.Parts(nil)
		if len(parts) != 5 {
			t.Fatalf("%d parts", len(parts))
		}
		size, same := 0, 0
		for _, part := range parts {
			size += len(part)
			if &part[0] == &large[0] {
				same++
			}
		}
		if same != 2 || size != f.Size() || size < 2*len(large) {
			t.Errorf("%d parts are the value, %d bytes of %d", same, size, f.Size())
		}
		h, body := split(t, joined(&f))
		got, err := wire.DecodeFrameRequest(h, body, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Commands, got.Commands, equal); diff != "" {
			t.Errorf("(-want +got):\n%.1000s", diff)
		}
	}
	f.Cancel(7)
	if diff := cmp.Diff([][]byte{{6, 0, 7}}, f.Parts(nil)); diff != "" {
		t.Errorf("a cancel (-want +got):\n%s", diff)
	}
	if f.Reset(); f.Size() != 0 || len(f.Parts(nil)) != 0 {
		t.Error("not empty after Reset")
	}
}

// TestFrameAllocations: a small call is written without an allocation, and read
// with one for itself, one for its function and one for its u.
func TestFrameAllocations(t *testing.T) {
	r := smallCall(t)
	var f wire.Frame
	var parts [][]byte
	check := func(what string, most float64, do func() error) {
		t.Helper()
		if n := testing.AllocsPerRun(100, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}); n > most {
			t.Errorf("%s: %v allocations, want %v", what, n, most)
		}
	}
	check("write a call", 0, func() error {
		err := f.Request(123456, r)
		parts = f.Parts(parts[:0])
		return err
	})
	frame := joined(&f)
	check("read a call", 3, func() error {
		h, body, _ := wire.DecodeFrameHead(frame)
		_, err := wire.DecodeFrameRequest(h, body, nil)
		return err
	})
	answer := &wire.Response{Results: []wire.Result{{Value: r.Commands[0].Args[0]}}}
	check("write a result", 0, func() error { return f.Response(123456, answer, wire.MaxMessage) })
	frame = joined(&f)
	check("read a result", 1, func() error {
		h, body, _ := wire.DecodeFrameHead(frame)
		_, err := wire.DecodeFrameResponse(h, body, nil)
		return err
	})
}

// TestFrameMemory: values stay where they were read, and strings do not.
func TestFrameMemory(t *testing.T) {
	var f wire.Frame
	if err := f.Request(1, &wire.Request{
		Headers:  map[string]string{"key": "value"},
		Commands: []wire.Command{{Name: "f", Function: "f", Locs: []string{"gpu"}, Args: []codec.Value{raw(`"abc"`)}}},
	}); err != nil {
		t.Fatal(err)
	}
	h, body := split(t, joined(&f))
	r, err := wire.DecodeFrameRequest(h, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	arg := r.Commands[0].Args[0].Bytes()
	if at := bytes.Index(body, []byte(`"abc"`)); &body[at] != &arg[0] || cap(arg) != len(arg) {
		t.Error("the argument is a copy, or has room to grow into the frame")
	}
	clear(body)
	if c := r.Commands[0]; c.Function != "f" || c.Locs[0] != "gpu" || r.Headers["key"] != "value" {
		t.Errorf("changed with the frame: %+v", r)
	}
}

// hostile are bodies that announce or repeat as much as their size allows.
func hostile(n int) map[string]struct {
	kind wire.FrameKind
	body []byte
} {
	body := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	fill := func(b byte) []byte { return bytes.Repeat([]byte{b}, n) }
	arrayHead := []byte{0x9a, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	count := func(n int) []byte { return []byte{byte(n) | 0x80, byte(n>>7) | 0x80, byte(n >> 14)} }
	section := func(tag byte, parts ...[]byte) []byte {
		content := body(parts...)
		return body([]byte{tag}, count(len(content)), content)
	}
	return map[string]struct {
		kind wire.FrameKind
		body []byte
	}{
		"urls that are empty":        {wire.KindHello, body([]byte("\xa1\x64urls"), arrayHead, fill(0x60))},
		"versions":                   {wire.KindHello, body([]byte("\xa1\x68versions"), arrayHead, fill(0x01))},
		"an unknown list":            {wire.KindHello, body([]byte("\xa1\x61x"), arrayHead, fill(0x80))},
		"an unknown list of maps":    {wire.KindHello, body([]byte("\xa1\x61x"), arrayHead, fill(0xa0))},
		"an announced list":          {wire.KindHello, body([]byte("\xa1\x68versions\x9a\x7f\xff\xff\xff"), fill(0x01))},
		"lists in lists":             {wire.KindHello, body([]byte("\xa1\x61x"), fill(0x81))},
		"arguments that are null":    {wire.KindCall, body([]byte{0, 0, 1, 'f', 0, 0, 0}, count(n-1), fill(0))},
		"locs that are empty":        {wire.KindCall, body([]byte{0, 0, 1, 'f', 0}, count(n-3), fill(0))},
		"commands that are empty":    {wire.KindRequest, body([]byte{0, 0, 0, 0, 0}, count(min(n/6, wire.MaxCommands)), fill(0))},
		"return of empty names":      {wire.KindRequest, body([]byte{0, 0, 0, 0}, count(n-1), fill(0))},
		"tags":                       {wire.KindCall, body([]byte{0, 0, 1, 'f', 0, 0}, count(n/2), fill(1))},
		"splices":                    {wire.KindCall, body([]byte{0, 0, 1, 'f', 0, 0}, count(n/11), bytes.Repeat([]byte{12, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0}, n/11), []byte{0, 1, 0, 0})},
		"paths of splices":           {wire.KindCall, body([]byte{0, 0, 1, 'f', 0, 0, 1, 12}, count(n+10), []byte{1, 0, 0, 0, 0, 0}, count(n), fill(0), []byte{0})},
		"paths of a fetch":           {wire.KindFetch, body(make([]byte, 19), count(n), fill(0))},
		"results that are null":      {wire.KindResult, body([]byte{0}, count(min(n/2, wire.MaxCommands)), fill(0))},
		"records":                    {wire.KindGossip, section(2, count(n/8), fill(0))},
		"URLs that are empty":        {wire.KindGossip, section(2, []byte{1, 1, 'a', 0}, count(n), fill(0), []byte{1, 4, 0, 0})},
		"deltas that are empty":      {wire.KindGossip, section(2, []byte{1, 1, 'a', 0, 0, 1, 4, 0}, count(n), fill(0))},
		"reports":                    {wire.KindGossip, section(3, count(n/7), fill(0))},
		"bodies":                     {wire.KindGossip, section(5, count(n/5), fill(0))},
		"ids that are empty":         {wire.KindGossip, section(6, count(n), fill(0))},
		"digest entries":             {wire.KindGossip, section(8, make([]byte, 8), count(n/11), fill(0))},
		"levels that are empty maps": {wire.KindResult, body([]byte{1, 1}, count(len(arrayHead)+min(n, 10_001)), arrayHead[:1], []byte{0, 0, 0x27, 0x11}, fill(0xa0))},
	}
}

// TestFrameMemoryIsBounded: what a frame makes its reader allocate is a small
// multiple of its size, whatever it says.
func TestFrameMemoryIsBounded(t *testing.T) {
	const n, multiple, slack = 60_000, 64, 64 << 10
	decode := func(kind wire.FrameKind, body []byte) error {
		h := wire.FrameHead{Kind: kind, ID: 1}
		var err error
		switch kind {
		case wire.KindHello:
			_, err = wire.DecodeHello(body)
		case wire.KindResult:
			_, err = wire.DecodeFrameResponse(h, body, nil)
		case wire.KindGossip:
			_, err = wire.DecodeGossip(body)
		default:
			_, err = wire.DecodeFrameRequest(h, body, nil)
		}
		return err
	}
	if err := decode(wire.KindHello, nil); err == nil { // and the checker is built
		t.Fatal("an empty HELLO was accepted")
	}
	for name, row := range hostile(n) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := decode(row.kind, row.body)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(multiple*len(row.body)+slack) {
			t.Errorf("%s: %d bytes for a frame of %d", name, took, len(row.body))
		} else {
			t.Logf("%s: %.1f times the frame, %v", name, float64(took)/float64(len(row.body)), err)
		}
		if err != nil {
			if e := wireError(t, err); len(e.Message) > 400 {
				t.Errorf("%s: an error of %d bytes", name, len(e.Message))
			}
		}
	}
}

// TestFrameKinds: the numbers are the protocol's.
func TestFrameKinds(t *testing.T) {
	want := []string{
		"kind 0", "HELLO", "CALL", "REQUEST", "RESULT", "ERROR", "CANCEL", "CHUNK", "kind 8", "GOAWAY",
		"ITEM", "kind 11", "CREDIT", "FETCH", "RENEW", "RELEASE", "EVENT", "GOSSIP", "kind 18",
	}
	for n, name := range want {
		if got := wire.FrameKind(n).String(); got != name {
			t.Errorf("kind %d is called %s, want %s", n, got, name)
		}
	}
	if got := wire.FrameKind(math.MaxUint8).String(); got != "kind 255" {
		t.Errorf("got %s", got)
	}
}

// TestOpaque: a value in a codec that is not known here passes through, and
// whoever tries to look into it is told what to do.
func TestOpaque(t *testing.T) {
	var f wire.Frame
	value := codec.Raw(missing("x.pack"), []byte{1, 2})
	if err := f.Response(1, &wire.Response{Results: []wire.Result{{Value: value}}}, 0); err != nil {
		t.Fatal(err)
	}
	frame := joined(&f)
	h, body := split(t, frame)
	for name, codecs := range map[string]wire.Codecs{"no codecs": nil, "other codecs": known} {
		r, err := wire.DecodeFrameResponse(h, body, codecs)
		if err != nil {
			t.Fatal(err)
		}
		got := r.Results[0].Value
		if _, ok := got.Codec().(wire.Opaque); !ok || got.Codec().Name() != "x.pack" {
			t.Errorf("%s: codec %v", name, got.Codec())
		}
		if err := f.Response(1, r, 0); err != nil || !bytes.Equal(joined(&f), frame) {
			t.Errorf("%s: passed on as %x, %v", name, joined(&f), err)
		}
		var x any
		_, inJSON := got.In(codec.JSON{})
		_, appended := got.Codec().Append(nil, 1)
		for what, err := range map[string]error{"Decode": got.Decode(&x), "In": inJSON, "Append": appended} {
			if err == nil || !strings.Contains(err.Error(), `"x.pack"`) || !strings.Contains(err.Error(), "WithCodec") {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
	}
}
