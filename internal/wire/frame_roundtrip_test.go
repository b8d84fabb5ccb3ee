package wire_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// roundTrip holds, for one kind of frame, that what is written is read as it
// was, and written again as the same bytes; that every beginning of it is
// refused, and that no damage to it does more than that.
func roundTrip[T any](t *testing.T, draw *rapid.Generator[T], write func(*wire.Frame, T) error,
	read func(wire.FrameHead, []byte) (T, error),
) {
	rapid.Check(t, func(t *rapid.T) {
		want := draw.Draw(t, "message")
		var f wire.Frame
		if err := write(&f, want); err != nil {
			t.Fatal(err)
		}
		frame := joined(&f)
		if len(frame) != f.Size() {
			t.Fatalf("size %d of a frame of %d bytes", f.Size(), len(frame))
		}
		h, body, err := wire.DecodeFrameHead(frame)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(h, body)
		if err != nil {
			t.Fatalf("%v: %x", err, frame)
		}
		if diff := cmp.Diff(want, got, equal); diff != "" {
			t.Fatalf("%x\n(-want +got):\n%s", frame, diff)
		}
		if err := write(&f, got); err != nil || !bytes.Equal(joined(&f), frame) {
			t.Fatalf("%v\n got %x\nwant %x", err, joined(&f), frame)
		}
		if len(body) == 0 {
			t.Fatal("an empty body")
		}
		cut := rapid.IntRange(0, len(body)-1).Draw(t, "cut")
		if got, err := read(h, body[:cut:cut]); err == nil {
			t.Fatalf("%d of %d bytes were read as %+v", cut, len(body), got)
		} else if e, ok := err.(*wire.Error); !ok || e.Code != wire.InvalidRequest {
			t.Fatalf("got %v", err)
		}
		if _, err := read(h, append(slices.Clip(body), 0)); err == nil {
			t.Fatal("a byte too many was accepted")
		}
		bad := bytes.Clone(body)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "damaged")] = rapid.Byte().Draw(t, "byte")
		if _, err := read(h, bad); err != nil {
			if _, ok := err.(*wire.Error); !ok {
				t.Fatalf("got %v", err)
			}
		}
	})
}

func TestFrameRequestRoundTrip(t *testing.T) {
	roundTrip(t, frameRequests,
		func(f *wire.Frame, r *wire.Request) error { return f.Request(7, r) },
		func(h wire.FrameHead, body []byte) (*wire.Request, error) {
			return wire.DecodeFrameRequest(h, body, known)
		})
}

func TestFrameFetchRoundTrip(t *testing.T) {
	roundTrip(t, frameFetches,
		func(f *wire.Frame, r *wire.Request) error { return f.Request(7, r) },
		func(h wire.FrameHead, body []byte) (*wire.Request, error) {
			return wire.DecodeFrameRequest(h, body, known)
		})
}

func TestFrameResponseRoundTrip(t *testing.T) {
	roundTrip(t, frameResponses,
		func(f *wire.Frame, r *wire.Response) error { return f.Response(7, r, wire.MaxMessage) },
		func(h wire.FrameHead, body []byte) (*wire.Response, error) {
			return wire.DecodeFrameResponse(h, body, known)
		})
}

func TestHelloRoundTrip(t *testing.T) {
	roundTrip(t, hellos, (*wire.Frame).Hello,
		func(_ wire.FrameHead, body []byte) (*wire.Hello, error) { return wire.DecodeHello(body) })
}

func TestGoawayRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) *wire.Goaway {
		reasons := []wire.GoawayReason{wire.GoawayDraining, wire.GoawayDuplicate, wire.GoawayOther, wire.GoawayUnused}
		return &wire.Goaway{Reason: rapid.SampledFrom(reasons).Draw(t, "reason"), Message: rapid.String().Draw(t, "message")}
	})
	roundTrip(t, draw, func(f *wire.Frame, g *wire.Goaway) error { f.Goaway(g); return nil },
		func(_ wire.FrameHead, body []byte) (*wire.Goaway, error) { return wire.DecodeGoaway(body) })
}

func TestItemRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) sentItem {
		return sentItem{rapid.Uint64Min(1).Draw(t, "id"), frameValues.Draw(t, "item")}
	})
	roundTrip(t, draw, func(f *wire.Frame, i sentItem) error { return f.Item(i.ID, i.Item, 0) }, decodeItem)
}

func TestCreditRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) credit {
		return credit{
			ID:    rapid.Uint64Min(1).Draw(t, "id"),
			Items: rapid.Uint64Max(wire.MaxWindow).Draw(t, "items"),
			Bytes: rapid.Uint64Max(wire.MaxWindowBytes).Draw(t, "bytes"),
		}
	})
	roundTrip(t, draw, func(f *wire.Frame, c credit) error { f.Credit(c.ID, c.Items, c.Bytes); return nil }, decodeCredit)
}

func TestRenewRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) renewal {
		us := rapid.Int64Range(1, 1e15).Draw(t, "µs")
		return renewal{wire.LeaseOf(leases.Draw(t, "lease")).Token, time.Duration(us) * time.Microsecond}
	})
	roundTrip(t, draw, func(f *wire.Frame, r renewal) error { f.Renew(r.Token, r.For); return nil }, decodeRenew)
}

func TestReleaseRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) wire.Token { return wire.LeaseOf(leases.Draw(t, "lease")).Token })
	roundTrip(t, draw, func(f *wire.Frame, t wire.Token) error { f.Release(t); return nil }, decodeRelease)
}

func TestEventRoundTrip(t *testing.T) {
	roundTrip(t, frameEvents, func(f *wire.Frame, e told) error { return f.Event(e.ID, e.Event) }, decodeEvent)
}
