package mpreg

import (
	"testing"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestInflowOfSlowReceiver: a receiver that is always a bit behind, and so never
// empties its queue, has a queue of the window's size, however long the stream.
func TestInflowOfSlowReceiver(t *testing.T) {
	in := newInflow(&wire.Request{Stream: true, Window: streamWindow, WindowBytes: streamWindowBytes})
	item := codec.Raw(codec.JSON{}, []byte("1"))
	fill := func(n int64) {
		for range n {
			if !in.addItem(item) {
				t.Fatal("an item within the window was refused")
			}
		}
	}
	fill(streamWindow)
	for range 100 * streamWindow {
		if _, ok := in.next(); !ok {
			t.Fatal("the queue is empty: this receiver is not slow")
		}
		if in.took(1) {
			items, _ := in.credit()
			fill(items)
		}
	}
	if n := cap(in.queue); n > 2*streamWindow {
		t.Errorf("the queue of at most %d items has room for %d", streamWindow, n)
	}
}
