package wire_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// sentItem is an ITEM frame, and credit a CREDIT frame.
type (
	sentItem struct {
		ID   uint64
		Item codec.Value
	}
	credit struct {
		ID    uint64 `json:"id"`
		Items uint64 `json:"items"`
		Bytes uint64 `json:"bytes"`
	}
)

func decodeItem(h wire.FrameHead, body []byte) (sentItem, error) {
	v, err := wire.DecodeItem(body, known)
	return sentItem{h.ID, v}, err
}

func writeItem(f *wire.Frame, _ wire.FrameHead, i sentItem) error { return f.Item(i.ID, i.Item, 0) }

func decodeCredit(h wire.FrameHead, body []byte) (credit, error) {
	items, bytes, err := wire.DecodeCredit(body)
	return credit{h.ID, items, bytes}, err
}

func writeCredit(f *wire.Frame, _ wire.FrameHead, c credit) error {
	f.Credit(c.ID, c.Items, c.Bytes)
	return nil
}

func TestItemVectors(t *testing.T) {
	type item struct {
		ID   uint64      `json:"id"`
		Item formOfValue `json:"item"`
	}
	runFrames(t, "frame_item.json", decodeItem, func(t *testing.T, data []byte) sentItem {
		in := load[item](t, data)
		return sentItem{in.ID, in.Item.Value}
	}, writeItem)
}

func TestCreditVectors(t *testing.T) {
	runFrames(t, "frame_credit.json", decodeCredit, load[credit], writeCredit)
}

// TestCreditIsBounded: a receiver that would grant more than can be told grants
// what can.
func TestCreditIsBounded(t *testing.T) {
	var f wire.Frame
	f.Credit(3, math.MaxUint64, math.MaxUint64)
	h, body := split(t, joined(&f))
	got, err := decodeCredit(h, body)
	if want := (credit{3, wire.MaxWindow, wire.MaxWindowBytes}); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	r := &wire.Request{
		Stream: true, Window: math.MaxInt, WindowBytes: math.MaxInt64, Commands: []wire.Command{{Name: "f", Function: "f"}},
	}
	if err := f.Request(1, r); err != nil {
		t.Fatal(err)
	}
	h, body = split(t, joined(&f))
	asked, err := wire.DecodeFrameRequest(h, body, nil)
	if err != nil || asked.Window != wire.MaxWindow || asked.WindowBytes != wire.MaxWindowBytes {
		t.Errorf("got %+v, %v", asked, err)
	}
}

// TestItemLimit: an item is refused if, and only if, its frame would be larger
// than the limit.
func TestItemLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f wire.Frame
		item := frameValues.Draw(t, "item")
		if err := f.Item(7, item, 0); err != nil {
			t.Fatal(err)
		}
		size := int64(f.Size())
		if err := f.Item(7, item, size); err != nil || int64(f.Size()) != size {
			t.Fatalf("refused at exactly its size: %v", err)
		}
		err := f.Item(7, item, size-1)
		e, ok := err.(*wire.Error)
		if !ok || e.Code != wire.ResourceExhausted || e.Details["limit"] != "message_bytes" || e.Details["max"] != size-1 || f.Size() != 0 {
			t.Fatalf("got %v; %d bytes are left", err, f.Size())
		}
	})
}

func TestItemUnsendable(t *testing.T) {
	var f wire.Frame
	e := wireError(t, f.Item(1, codec.Raw(missing("Not A Name"), nil), 0))
	if e.Code != wire.Internal || !strings.Contains(e.Message, "the item can't be sent: its codec") || f.Size() != 0 {
		t.Errorf("got %v; %d bytes are left", e, f.Size())
	}
}

// TestStreamAllocations: an item costs its reader nothing besides what holds it,
// and its writer nothing, and credit neither anything.
func TestStreamAllocations(t *testing.T) {
	var f wire.Frame
	var parts [][]byte
	item := smallCall(t).Commands[0].Args[0]
	f.Credit(1, 32, 1<<19)
	_, grant := split(t, joined(&f))
	if err := f.Item(1, item, 0); err != nil {
		t.Fatal(err)
	}
	_, body := split(t, joined(&f))
	for what, do := range map[string]func() error{
		"write an item": func() error {
			err := f.Item(1, item, wire.MaxMessage)
			parts = f.Parts(parts[:0])
			return err
		},
		"read an item": func() error { _, err := wire.DecodeItem(body, nil); return err },
		"write credit": func() error { f.Credit(1, 32, 1<<19); return nil },
		"read credit":  func() error { _, _, err := wire.DecodeCredit(grant); return err },
	} {
		if n := testing.AllocsPerRun(100, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

func BenchmarkItem(b *testing.B) {
	item := smallCall(b).Commands[0].Args[0]
	var f wire.Frame
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Item(1, item, wire.MaxMessage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeItem(b *testing.B) {
	var f wire.Frame
	if err := f.Item(1, smallCall(b).Commands[0].Args[0], 0); err != nil {
		b.Fatal(err)
	}
	frame := joined(&f)
	b.ReportAllocs()
	for b.Loop() {
		_, body, _ := wire.DecodeFrameHead(frame)
		if _, err := wire.DecodeItem(body, nil); err != nil {
			b.Fatal(err)
		}
	}
}
