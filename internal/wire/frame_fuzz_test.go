package wire_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

// seedFrames starts a fuzz target with the vectors of a file.
func seedFrames(f *testing.F, file string) {
	f.Helper()
	for _, v := range frameVectors(f, file) {
		f.Add([]byte(v.Frame))
	}
}

// fuzzFrames holds, for one kind of frame, that whatever the bytes are, they
// are refused with an error that can be sent, or are a message that is written
// and read again as it was.
func fuzzFrames[T any](f *testing.F, file string, read func(wire.FrameHead, []byte) (T, error),
	write func(*wire.Frame, wire.FrameHead, T) error,
) {
	seedFrames(f, file)
	f.Fuzz(func(t *testing.T, data []byte) {
		h, body, err := wire.DecodeFrameHead(data)
		if err != nil {
			refused(t, err)
			return
		}
		first, err := read(h, body)
		if err != nil {
			refused(t, err)
			return
		}
		var frame wire.Frame
		if err := write(&frame, h, first); err != nil {
			t.Fatalf("%+v: %v", first, err)
		}
		written := joined(&frame)
		again, body, err := wire.DecodeFrameHead(written)
		if err != nil || again.ID != h.ID && again.ID != 0 {
			t.Fatalf("%x: %+v, %v", written, again, err)
		}
		second, err := read(again, body)
		if err != nil {
			t.Fatalf("%x: %v", written, err)
		}
		if diff := cmp.Diff(first, second, equal); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
		if err := write(&frame, h, second); err != nil || !bytes.Equal(joined(&frame), written) {
			t.Fatalf("%v\nfirst  %x\nsecond %x", err, written, joined(&frame))
		}
	})
}

func FuzzFrameRequest(f *testing.F) {
	fuzzFrames(f, "frame_request.json",
		func(h wire.FrameHead, body []byte) (*wire.Request, error) {
			r, err := wire.DecodeFrameRequest(h, body, known)
			if err == nil && r.IsCall() {
				r.Refs = wire.Explicit // a REQUEST may have been one in the other mode
			}
			return r, err
		},
		func(f *wire.Frame, h wire.FrameHead, r *wire.Request) error { return f.Request(h.ID, r) })
}

func FuzzFrameResponse(f *testing.F) {
	fuzzFrames(f, "frame_response.json",
		func(h wire.FrameHead, body []byte) (*wire.Response, error) {
			return wire.DecodeFrameResponse(h, body, known)
		},
		func(f *wire.Frame, h wire.FrameHead, r *wire.Response) error { return f.Response(h.ID, r, 0) })
}

func FuzzHello(f *testing.F) {
	fuzzFrames(f, "frame_hello.json",
		func(_ wire.FrameHead, body []byte) (*wire.Hello, error) { return wire.DecodeHello(body) },
		func(f *wire.Frame, _ wire.FrameHead, h *wire.Hello) error { return f.Hello(h) })
}

func FuzzGoaway(f *testing.F) {
	fuzzFrames(f, "frame_goaway.json",
		func(_ wire.FrameHead, body []byte) (*wire.Goaway, error) { return wire.DecodeGoaway(body) },
		func(f *wire.Frame, _ wire.FrameHead, g *wire.Goaway) error { f.Goaway(g); return nil })
}

func FuzzItem(f *testing.F)    { fuzzFrames(f, "frame_item.json", decodeItem, writeItem) }
func FuzzCredit(f *testing.F)  { fuzzFrames(f, "frame_credit.json", decodeCredit, writeCredit) }
func FuzzRenew(f *testing.F)   { fuzzFrames(f, "frame_renew.json", decodeRenew, writeRenew) }
func FuzzRelease(f *testing.F) { fuzzFrames(f, "frame_release.json", decodeRelease, writeRelease) }
func FuzzEvent(f *testing.F)   { fuzzFrames(f, "frame_event.json", decodeEvent, writeEvent) }

func FuzzFrameHead(f *testing.F) {
	seedFrames(f, "frame_head.json")
	seedFrames(f, "frame_request.json")
	seedFrames(f, "frame_event.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		h, body, err := wire.DecodeFrameHead(data)
		if err != nil {
			refused(t, err)
			return
		}
		if !bytes.HasSuffix(data, body) {
			t.Fatalf("the body of %x is %x", data, body)
		}
		again, rest, err := wire.DecodeFrameHead(append(wire.AppendFrameHead(nil, h), body...))
		if err != nil || again != h || !bytes.Equal(rest, body) {
			t.Fatalf("%+v, then %+v, %v", h, again, err)
		}
	})
}
