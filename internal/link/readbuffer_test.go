package link

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// TestReadBuffer reads messages of any sizes, in any pieces, one after the other.
func TestReadBuffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const bound = 200_000
		var b readBuffer
		sizes := rapid.SliceOf(rapid.OneOf(
			rapid.IntRange(0, 10_000),
			rapid.SampledFrom([]int{keptRead - 1, keptRead, keptRead + 1, bound - 1, bound, bound + 1, 2 * bound}),
		)).Draw(t, "sizes")
		for i, n := range sizes {
			message := bytes.Repeat([]byte{byte(i)}, n)
			r := io.Reader(bytes.NewReader(message))
			if rapid.Bool().Draw(t, "end with data") {
				r = iotest.DataErrReader(r)
			}
			got, err := b.fill(r, 0, bound)
			if want := message[:min(n, bound)]; !bytes.Equal(got, want) {
				t.Fatalf("message %d: %d bytes, want %d", i, len(got), len(want))
			}
			if n < bound && err != io.EOF || n > bound && err != nil {
				t.Fatalf("message %d of %d bytes: %v", i, n, err)
			}
			if cap(b.small) > keptRead {
				t.Fatalf("keeps %d bytes", cap(b.small))
			}
			b.release(len(got))
		}
	})
}

func TestReadBufferFails(t *testing.T) {
	var b readBuffer
	broken := errors.New("broken")
	got, err := b.fill(io.MultiReader(bytes.NewReader([]byte("some")), iotest.ErrReader(broken)), 0, 100)
	if string(got) != "some" || !errors.Is(err, broken) {
		t.Errorf("fill returned %q, %v", got, err)
	}
}

// TestReadBufferLetsGo checks that the memory of a large message does not outlive a
// collection, and that without one it is used again.
func TestReadBufferLetsGo(t *testing.T) {
	var b readBuffer
	message := make([]byte, 1<<20)
	read := func() *byte {
		data, err := b.fill(bytes.NewReader(message), 0, 1<<21)
		if err != io.EOF || len(data) != len(message) {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		defer b.release(len(data))
		return &data[0]
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // no collection but ours
	first := read()
	if again := read(); again != first {
		t.Error("the memory of a large message was not used again")
	}
	runtime.KeepAlive(first)
	runtime.GC()
	if b.last.Value() != nil {
		t.Error("the memory of a large message is held after a collection")
	}
}
