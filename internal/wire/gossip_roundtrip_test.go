package wire_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestGossipRoundTrip: what is written is read as it was, and written again as
// the same bytes. A beginning of it is refused or is the sections that are whole,
// and no damage does more than that.
func TestGossipRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := gossips.Draw(t, "gossip")
		var f wire.Frame
		if err := f.Gossip(want); err != nil {
			t.Fatal(err)
		}
		frame := joined(&f)
		h, body, err := wire.DecodeFrameHead(frame)
		if err != nil || h != (wire.FrameHead{Kind: wire.KindGossip}) || f.Size() != len(frame) {
			t.Fatalf("%+v, %v, size %d of %d bytes", h, err, f.Size(), len(frame))
		}
		got, err := wire.DecodeGossip(body)
		if err != nil {
			t.Fatalf("%v: %x", err, frame)
		}
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Fatalf("%x\n(-want +got):\n%s", frame, diff)
		}
		if err := f.Gossip(got); err != nil || !bytes.Equal(joined(&f), frame) {
			t.Fatalf("%v\n got %x\nwant %x", err, joined(&f), frame)
		}
		cut := rapid.IntRange(0, len(body)).Draw(t, "cut")
		if got, err := wire.DecodeGossip(body[:cut:cut]); err == nil {
			if err := f.Gossip(got); err != nil || !bytes.Equal(joined(&f), frame[:len(frame)-len(body)+cut]) {
				t.Fatalf("%d of %d bytes were read as %+v, %v", cut, len(body), got, err)
			}
		} else if e, ok := err.(*wire.Error); !ok || e.Code != wire.InvalidRequest {
			t.Fatalf("got %v", err)
		}
		if _, err := wire.DecodeGossip(append(slices.Clip(body), 0)); err == nil {
			t.Fatal("a byte too many was accepted")
		}
		bad := append(bytes.Clone(body), 0)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "damaged")] = rapid.Byte().Draw(t, "byte")
		if _, err := wire.DecodeGossip(bad); err != nil {
			if _, ok := err.(*wire.Error); !ok {
				t.Fatalf("got %v", err)
			}
		}
	})
}

// textRoundTrip is roundTrip for what is no frame.
func textRoundTrip[T any](t *testing.T, draw *rapid.Generator[*T], write func([]byte, *T) ([]byte, error), read func(string) (*T, error)) {
	rapid.Check(t, func(t *rapid.T) {
		want := draw.Draw(t, "form")
		text, err := write(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(string(text))
		if err != nil {
			t.Fatalf("%v: %x", err, text)
		}
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Fatalf("%x\n(-want +got):\n%s", text, diff)
		}
		if again, err := write(nil, got); err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%v\n got %x\nwant %x", err, again, text)
		}
		cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut")
		if got, err := read(string(text[:cut])); err == nil {
			t.Fatalf("%d of %d bytes were read as %+v", cut, len(text), got)
		} else if e, ok := err.(*wire.Error); !ok || e.Code != wire.InvalidRequest {
			t.Fatalf("got %v", err)
		}
		if _, err := read(string(text) + "\x00"); err == nil {
			t.Fatal("a byte too many was accepted")
		}
		text[rapid.IntRange(0, len(text)-1).Draw(t, "damaged")] = rapid.Byte().Draw(t, "byte")
		if _, err := read(string(text)); err != nil {
			if _, ok := err.(*wire.Error); !ok {
				t.Fatalf("got %v", err)
			}
		}
	})
}

func TestCatalogTextRoundTrip(t *testing.T) {
	textRoundTrip(t, catalogs, wire.AppendCatalog, wire.DecodeCatalogText)
}

func TestDeltaRoundTrip(t *testing.T) {
	textRoundTrip(t, deltas, wire.AppendDelta, wire.DecodeDelta)
}
