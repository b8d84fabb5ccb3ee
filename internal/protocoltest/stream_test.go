package protocoltest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// collect ranges over a stream, and returns the texts of its items.
func collect(ctx context.Context, c *mpreg.Client, fn string) ([]string, error) {
	var items []string
	for item, err := range mpreg.Stream[string](ctx, c, fn) {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

// TestStreamFrames: what a client asks for, and how it takes what comes.
func TestStreamFrames(t *testing.T) {
	c, p := clientOf(t, nodeHello("A", 1))
	call := testkit.Later(func() ([]string, error) { return collect(t.Context(), c, "f") })
	id, r := p.request(wire.KindCall)
	if !r.Stream || r.Window != 64 || r.WindowBytes != 1<<20 {
		t.Errorf("asked for %v, %d items and %d bytes", r.Stream, r.Window, r.WindowBytes)
	}
	want := make([]string, 64)
	frames := make([][]byte, 64)
	for i := range want {
		want[i] = fmt.Sprintf("item %d", i)
		frames[i] = itemFrame(t, id, want[i])
	}
	p.send(frames[:31]...)
	p.send(frames[31:]...)
	for got := uint64(0); got < 64; {
		items, size := p.credits(id)
		if items == 0 || size < items*uint64(len(`"item 0"`)) || size > items*uint64(len(`"item 63"`)) {
			t.Errorf("credit for %d items and %d bytes", items, size)
		}
		got += items
	}
	p.send(streamedFrame(t, id, 64), itemFrame(t, id, "late"))
	if got := testkit.Within(t, "the stream", call); got.Err != nil || strings.Join(got.Value, ",") != strings.Join(want, ",") {
		t.Errorf("got %v, %v", got.Value, got.Err)
	}
}

// TestCreditBeforeHalfTheWindow: a sender whose next item does not fit is not left
// waiting for the other half.
func TestCreditBeforeHalfTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dialed := impostorsOf(t, "node")
		call := testkit.Later(func() ([]string, error) { return collect(context.Background(), c, "f") })
		p := welcome(t, dialed["node"], "A")
		id, _ := p.request(wire.KindCall)
		start := time.Now()
		p.send(itemFrame(t, id, "x"))
		if items, size := p.credits(id); items != 1 || size != 3 {
			t.Errorf("credit for %d items and %d bytes", items, size)
		}
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("after %v of fake time", took)
		}
		large := itemFrame(t, id, strings.Repeat("x", 60_000))
		p.send(slices.Repeat([][]byte{large}, 9)...)
		if items, size := p.credits(id); items != 9 || size != 9*60_002 || time.Since(start) != time.Millisecond {
			t.Errorf("credit for %d items and %d bytes, after %v of fake time", items, size, time.Since(start))
		}
		p.send(streamedFrame(t, id, 10))
		if got := <-call; got.Err != nil || len(got.Value) != 10 {
			t.Errorf("got %d items, %v", len(got.Value), got.Err)
		}
	})
}

// TestBadStreams: what an honest node does not send ends the call, as executed,
// and the node is told; other calls do not notice.
func TestBadStreams(t *testing.T) {
	c, p := clientOf(t, nodeHello("A", 1))
	many := func(id uint64) [][]byte {
		frames := make([][]byte, 65)
		for i := range frames {
			frames[i] = itemFrame(t, id, strings.Repeat("x", 17_000)) // more than the window, in items and in bytes
		}
		return frames
	}
	for _, row := range []struct {
		name     string
		answer   func(id uint64) [][]byte
		says     string
		canceled bool
	}{
		{"more items than the window", many, "more items than it was asked for", true},
		{"an item that is cut off", func(id uint64) [][]byte { return [][]byte{frame(wire.KindItem, 0, id, 1, 9, '1')} }, "item", true},
		{"an item too few", func(id uint64) [][]byte { return [][]byte{itemFrame(t, id, "x"), streamedFrame(t, id, 2)} }, "2 items, and 1 came", false},
		{"an item too many", func(id uint64) [][]byte { return [][]byte{itemFrame(t, id, "x"), streamedFrame(t, id, 0)} }, "0 items, and 1 came", false},
		{"no stream", func(id uint64) [][]byte { return [][]byte{resultFrame(t, id, "x")} }, "without a stream", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			bad := testkit.Later(func() ([]string, error) {
				var items []string
				for item, err := range mpreg.Stream[string](context.Background(), c, "bad") {
					if err != nil {
						return items, err
					}
					if items = append(items, item); len(items) == 1 && row.canceled {
						<-t.Context().Done() // takes no second item
						return items, nil
					}
				}
				return items, nil
			})
			badID, _ := p.request(wire.KindCall)
			if row.canceled {
				bad = nil
			}
			p.send(row.answer(badID)...)
			if row.canceled {
				p.canceled(badID)
			} else if e := testkit.AsError(t, testkit.Within(t, "the stream", bad).Err); e.Code != mpreg.Internal || e.Executed != mpreg.ExecutedYes || !strings.Contains(e.Message, row.says) {
				t.Errorf("got %v", e)
			}
			good := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "good") })
			goodID, _ := p.request(wire.KindCall)
			p.send(resultFrame(t, goodID, 7))
			if got := testkit.Within(t, "the good answer", good); got.Err != nil || got.Value != 7 {
				t.Errorf("the other call: %+v", got)
			}
		})
	}
}

// TestItemsOfPlainCall: items that nobody asked for end the call.
func TestItemsOfPlainCall(t *testing.T) {
	c, p := clientOf(t, nodeHello("A", 1))
	call := testkit.Later(func() (int, error) { return mpreg.Call[int](context.Background(), c, "f") })
	id, r := p.request(wire.KindCall)
	if r.Stream || r.Window != 0 || r.Events {
		t.Errorf("asked for %+v", r)
	}
	p.send(itemFrame(t, id, 1), resultFrame(t, id, 7))
	e := testkit.AsError(t, testkit.Within(t, "the call", call).Err)
	if e.Code != mpreg.Internal || !strings.Contains(e.Message, "more items than it was asked for") {
		t.Errorf("got %v", e)
	}
	p.canceled(id)
}

// TestStreamEnds: however a stream ends before its time, the node is told, and the
// error says whether the function may have run.
func TestStreamEnds(t *testing.T) {
	for _, row := range []struct {
		name     string
		items    int
		end      func(p *stranger, id uint64, cancel func())
		code     mpreg.Code
		executed mpreg.Executed
		canceled bool
	}{
		{"canceled before an item", 0, func(_ *stranger, _ uint64, cancel func()) { cancel() }, mpreg.Canceled, mpreg.ExecutedMaybe, true},
		{"canceled after one", 1, func(_ *stranger, _ uint64, cancel func()) { cancel() }, mpreg.Canceled, mpreg.ExecutedYes, true},
		{"deadline before an item", 0, func(*stranger, uint64, func()) {}, mpreg.DeadlineExceeded, mpreg.ExecutedMaybe, true},
		{"deadline after one", 1, func(*stranger, uint64, func()) {}, mpreg.DeadlineExceeded, mpreg.ExecutedYes, true},
		{"link lost before an item", 0, func(p *stranger, _ uint64, _ func()) { _ = p.ws.Close() }, mpreg.Unavailable, mpreg.ExecutedMaybe, false},
		{"link lost after one", 1, func(p *stranger, _ uint64, _ func()) { _ = p.ws.Close() }, mpreg.Unavailable, mpreg.ExecutedYes, false},
		{"error before an item", 0, func(p *stranger, id uint64, _ func()) {
			p.send(errorFrame(p.t, id, mpreg.Unavailable, "gone"))
		}, mpreg.Unavailable, mpreg.ExecutedMaybe, false},
		{"error after one", 1, func(p *stranger, id uint64, _ func()) {
			p.send(errorFrame(p.t, id, mpreg.Unavailable, "gone"))
		}, mpreg.Unavailable, mpreg.ExecutedYes, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, dialed := impostorsOf(t, "node")
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				call := testkit.Later(func() ([]string, error) { return collect(ctx, c.With(mpreg.Timeout(5*time.Second)), "f") })
				p := welcome(t, dialed["node"], "A")
				id, _ := p.request(wire.KindCall)
				for range row.items {
					p.send(itemFrame(t, id, "x"))
					p.credits(id)
				}
				row.end(p, id, cancel)
				got := <-call
				e := testkit.AsError(t, got.Err)
				if e.Code != row.code || e.Executed != row.executed || e.Function != "f" || len(got.Value) != row.items {
					t.Errorf("got %d items, %#v", len(got.Value), e)
				}
				if row.canceled {
					p.canceled(id)
				}
			})
		})
	}
}

// TestLeftStreams: a loop that is left cancels its call, however it is left.
func TestLeftStreams(t *testing.T) {
	c, p := clientOf(t, nodeHello("A", 1))
	for name, leave := range map[string]func(){
		"panic": func() { panic("in the loop") },
		"exit":  runtime.Goexit,
		"break": nil,
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan any, 1)
			go func() {
				defer func() { ended <- recover() }()
				for _, err := range c.Stream(context.Background(), "f") {
					if err != nil {
						t.Errorf("got %v", err)
					}
					if leave != nil {
						leave()
					}
					break
				}
			}()
			id, _ := p.request(wire.KindCall)
			p.send(itemFrame(t, id, 1), itemFrame(t, id, 2))
			got := testkit.Within(t, "the loop ends", ended)
			if (name == "panic") != (got == "in the loop") {
				t.Errorf("recovered %v", got)
			}
			p.canceled(id)
			p.send(itemFrame(t, id, 3), streamedFrame(t, id, 3)) // which nobody waits for
		})
	}
}
