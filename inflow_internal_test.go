package mpreg

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestInflowAdmitsHonestSenders: whatever the sizes, and however late credit
// arrives, a sender that heeds the window is never refused, what is taken comes in
// order, and both get on: nothing is left once the sender is through. One that
// sends an item more than its window is refused.
func TestInflowAdmitsHonestSenders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.IntRange(1, 8).Draw(t, "window")
		windowBytes := rapid.Int64Range(1, 64).Draw(t, "windowBytes")
		in := newInflow(&wire.Request{Stream: true, Window: window, WindowBytes: windowBytes})
		sizes := rapid.SliceOfN(rapid.IntRange(0, 100), 0, 40).Draw(t, "sizes")
		type grant struct{ items, bytes int64 }
		var (
			grants      []grant // on their way to the sender
			items, size int64   // under way, as the sender knows
			sent, got   int
		)
		fits := func() bool {
			return items < int64(window) && (size == 0 || size+int64(sizes[sent]) <= windowBytes)
		}
		send := func() {
			v := codec.Raw(codec.JSON{}, make([]byte, sizes[sent]))
			if !in.addItem(v) {
				t.Fatalf("item %d was refused, with %d items and %d bytes under way", sent, items, size)
			}
			items, size, sent = items+1, size+int64(sizes[sent]), sent+1
		}
		take := func() bool {
			a, ok := in.next()
			if !ok {
				return false
			}
			if n := len(a.item.Bytes()); n != sizes[got] {
				t.Fatalf("item %d has %d bytes, want %d", got, n, sizes[got])
			}
			got++
			if in.took(int64(len(a.item.Bytes()))) {
				n, b := in.credit()
				grants = append(grants, grant{n, b})
			}
			return true
		}
		idle := func() { // what the receiver says once it has waited
			if n, b := in.credit(); n > 0 {
				grants = append(grants, grant{n, b})
			}
		}
		hear := func() {
			items, size = items-grants[0].items, size-grants[0].bytes
			grants = grants[1:]
		}
		for sent < len(sizes) {
			steps := []string{"idle"}
			if fits() {
				steps = append(steps, "send", "send")
			}
			if got < sent {
				steps = append(steps, "take")
			}
			if len(grants) > 0 {
				steps = append(steps, "hear")
			}
			switch rapid.SampledFrom(steps).Draw(t, "step") {
			case "send":
				send()
			case "take":
				take()
			case "hear":
				hear()
			case "idle":
				for take() {
				}
				idle()
				for len(grants) > 0 {
					hear()
				}
				if items != 0 || size != 0 {
					t.Fatalf("%d items and %d bytes count as under way, and none is", items, size)
				}
			}
		}
		for take() {
		}
		if got != len(sizes) {
			t.Fatalf("%d items of %d came", got, len(sizes))
		}
		idle()
		for range window {
			if !in.addItem(codec.Raw(codec.JSON{}, nil)) {
				t.Fatal("an item within the window was refused")
			}
		}
		if in.addItem(codec.Raw(codec.JSON{}, nil)) {
			t.Fatal("an item beyond the window was taken")
		}
	})
}

// TestInflowBoundsEvents: what nobody takes is lost, not kept.
func TestInflowBoundsEvents(t *testing.T) {
	in := newInflow(&wire.Request{Events: true, Commands: make([]wire.Command, 2)})
	for range 100 {
		in.addEvent(&wire.Event{})
	}
	n := 0
	for _, ok := in.next(); ok; _, ok = in.next() {
		n++
	}
	if n != 2*eventsPerCommand {
		t.Errorf("%d events were kept, want %d", n, 2*eventsPerCommand)
	}
	if in.addEvent(&wire.Event{}); len(in.queue) != 1 {
		t.Error("an event was lost though there is room")
	}
	if in.addItem(codec.Raw(codec.JSON{}, nil)) {
		t.Error("an item was taken that nobody asked for")
	}
}
