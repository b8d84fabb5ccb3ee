package wire_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// told is an EVENT frame.
type told struct {
	ID    uint64      `json:"id"`
	Event *wire.Event `json:"event"`
}

func decodeEvent(h wire.FrameHead, body []byte) (told, error) {
	e, err := wire.DecodeEvent(body)
	return told{h.ID, e}, err
}

func writeEvent(f *wire.Frame, _ wire.FrameHead, e told) error { return f.Event(e.ID, e.Event) }

func TestEventVectors(t *testing.T) {
	runFrames(t, "frame_event.json", decodeEvent, load[told], writeEvent)
}

// TestEventBounds: what a frame has no form for becomes the nearest that it has.
func TestEventBounds(t *testing.T) {
	const years = 100 * 365 * 24 * 3_600_000
	for given, want := range map[float64]float64{
		-1: 0, math.Inf(-1): 0, 0: 0, 1e-9: 0.001, 0.0004: 0.001, 2.0006: 2.001, math.Inf(1): years, math.MaxFloat64: years,
	} {
		var f wire.Frame
		if err := f.Event(1, &wire.Event{Name: "a", Function: "f", What: "failed", AtMS: given, DurationMS: given, Bytes: -1}); err != nil {
			t.Fatal(err)
		}
		_, body := split(t, joined(&f))
		got, err := wire.DecodeEvent(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&wire.Event{Name: "a", Function: "f", What: "failed", AtMS: want, DurationMS: want}, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", given, diff)
		}
	}
}

// TestEventErrorDetails: what is no code of the wire, and what can't be sent,
// costs neither the event nor its error.
func TestEventErrorDetails(t *testing.T) {
	var f wire.Frame
	if err := f.Event(1, &wire.Event{Name: "a", Function: "f", What: "failed", Error: &wire.Error{
		Code: -1, Message: "m\xff", Details: map[string]any{"n": 1, "channel": make(chan int), "panic": panicking{}},
	}}); err != nil {
		t.Fatal(err)
	}
	_, body := split(t, joined(&f))
	got, err := wire.DecodeEvent(body)
	if err != nil {
		t.Fatal(err)
	}
	want := &wire.Error{Code: wire.Failed, Message: "m\uFFFD", Details: map[string]any{"n": int64(1)}}
	if diff := cmp.Diff(want, got.Error); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// frameEvents draws events that come back from a frame as they are.
var frameEvents = rapid.Custom(func(t *rapid.T) told {
	e := &wire.Event{
		Name:       names.Draw(t, "name"),
		Function:   names.Draw(t, "fun"),
		What:       rapid.SampledFrom([]string{wire.EventStarted, wire.EventFinished, wire.EventFailed, "new"}).Draw(t, "what"),
		Node:       rapid.String().Draw(t, "node"),
		AtMS:       microTimeouts.Draw(t, "at"),
		DurationMS: microTimeouts.Draw(t, "duration"),
		Bytes:      rapid.Int64Min(0).Draw(t, "bytes"),
	}
	if rapid.Bool().Draw(t, "failed") {
		e.Error = wire.Errorf(wire.Code(rapid.IntRange(1, 1<<30).Draw(t, "code")), "%s", rapid.String().Draw(t, "message"))
		if text := rapid.String().Draw(t, "detail"); text != "" {
			e.Error = e.Error.With(text, text)
		}
	}
	return told{rapid.Uint64Min(1).Draw(t, "id"), e}
})
