package link_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/mpreg/mpreg/internal/link"
)

// pieces is a LargeHandler that hands over what it gets.
type pieces struct{ got chan *link.Large }

func (h pieces) Large(f *link.Large)              { h.got <- f }
func (pieces) Message(link.Kind, []byte)          {}
func (pieces) Oversized(link.Kind, []byte, int64) {}
func (pieces) Malformed(error)                    {}

// TestLargeHandler: frames can be joined by any goroutine at any time, and keep their
// bytes when the pieces of others are used again.
func TestLargeHandler(t *testing.T) {
	const frames = 40
	random := rand.New(rand.NewPCG(1, 2))
	var want [][]byte
	for range frames {
		data := make([]byte, link.LargeMessage+1+random.IntN(300_000))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		data[0] = largeKind
		want = append(want, data)
	}
	cfg := link.Config{Framed: framed}
	server, client := newHost(t, cfg, false).link(t, cfg)
	h := pieces{make(chan *link.Large, frames)}
	serve(t, server, h)
	serve(t, client, newInbox())
	joined := make([][]byte, frames)
	var joining sync.WaitGroup
	for n, data := range want {
		if err := client.Send(t.Context(), link.Frame, data); err != nil {
			t.Fatal(err)
		}
		f := <-h.got
		if f.Len() != len(data) || !bytes.Equal(f.Head(), data[:link.LargeMessage]) {
			t.Errorf("frame %d: %d bytes, and a head of %d, want those of the %d sent", n, f.Len(), len(f.Head()), len(data))
		}
		joining.Go(func() { joined[n] = f.Join() })
	}
	joining.Wait()
	for n := range want {
		if !bytes.Equal(joined[n], want[n]) {
			t.Errorf("frame %d of %d bytes was changed, and has %d", n, len(want[n]), len(joined[n]))
		}
		if cap(joined[n]) != len(joined[n]) {
			t.Errorf("frame %d of %d bytes has room for %d", n, len(joined[n]), cap(joined[n]))
		}
	}
}

// TestLargeFramesTakeTurns: frames that arrive at the same time share no piece.
func TestLargeFramesTakeTurns(t *testing.T) {
	const frames = 8
	cfg := link.Config{Framed: framed}
	server, client := newHost(t, cfg, false).link(t, cfg)
	h := pieces{make(chan *link.Large, frames)}
	serve(t, server, h)
	serve(t, client, newInbox())
	var sending sync.WaitGroup
	for n := range frames {
		sending.Go(func() {
			data := bytes.Repeat([]byte{largeKind, byte(n)}, 400_000)
			if err := client.Send(t.Context(), link.Frame, data); err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
	if t.Failed() {
		return
	}
	var came []byte
	for range frames {
		data := (<-h.got).Join()
		came = append(came, data[1])
		if !bytes.Equal(data, bytes.Repeat(data[:2], 400_000)) {
			t.Errorf("frame %d has bytes of others", data[1])
		}
	}
	slices.Sort(came)
	if want := []byte{0, 1, 2, 3, 4, 5, 6, 7}; !bytes.Equal(came, want) {
		t.Errorf("came: %v, want %v", came, want)
	}
}
