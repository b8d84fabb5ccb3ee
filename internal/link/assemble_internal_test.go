package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTooManyLanes(t *testing.T) {
	u := newUnpacking(1000)
	for lane := range uint64(maxLanes + 1) {
		u.read(bytes.NewReader(packed(firstChunk(lane, 0, 6, fmt.Sprintf("%03d", lane)))))
	}
	want := []event{{"oversized large frame", "064", 6}}
	u.read(bytes.NewReader(packed(chunkOf(64, last, "abc")))) // its lane is not open
	u.read(bytes.NewReader(packed(chunkOf(63, last, "abc"))))
	u.read(bytes.NewReader(packed(firstChunk(64, last, 6, "064abc"))))
	want = append(want, event{"large frame", "063abc", 6}, event{"large frame", "064abc", 6})
	if diff := cmp.Diff(want, u.events); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestLaneMemory: what a peer announces costs nothing until it comes.
func TestLaneMemory(t *testing.T) {
	u := newUnpacking(math.MaxInt64 / 8)
	for lane := range uint64(maxLanes) {
		u.read(bytes.NewReader(packed(firstChunk(lane, 0, 1<<40, "x"))))
	}
	if u.lanes.held != maxLanes*segmentBytes {
		t.Errorf("%d bytes are held for %d lanes of a byte, want %d", u.lanes.held, maxLanes, maxLanes*segmentBytes)
	}
	for lane := range uint64(maxLanes) {
		u.read(bytes.NewReader(packed(chunkOf(lane, abort, ""))))
	}
	if u.lanes.held != 0 || len(u.lanes.open) != 0 {
		t.Errorf("after the aborts %d lanes hold %d bytes", len(u.lanes.open), u.lanes.held)
	}
}

// TestLaneGrows: a frame of many MiB arrives whole, and takes no more memory than it has
// bytes.
func TestLaneGrows(t *testing.T) {
	for by, read := range readers {
		t.Run(by, func(t *testing.T) {
			u := newUnpacking(64 << 20)
			want := make([]byte, 9<<20+7)
			for i := range want {
				want[i] = byte(i*i>>8) | 8
			}
			body := string(want)
			read(u, packed(firstChunk(1, 0, uint64(len(body)), "")))
			for n := 50_001; len(body) > n; body = body[n:] {
				read(u, packed(chunkOf(1, 0, body[:n])))
				checkMemory(t, u, len(want))
			}
			read(u, packed(chunkOf(1, last, body)))
			if len(u.events) != 1 || u.events[0].What != "large frame" || u.events[0].Data != string(want) {
				t.Errorf("%d events, want the frame", len(u.events))
			}
			if u.lanes.held != 0 {
				t.Errorf("%d bytes are held in the end", u.lanes.held)
			}
		})
	}
}

// TestAssembly: whatever way frames are cut, mixed and packed, they arrive.
func TestAssembly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := newUnpacking(1 << 20)
		left := map[uint64]string{} // of the lanes that are open
		whole := map[uint64]string{}
		var want []event
		var message []string
		names := []string{"at once", "with EOF", "halves", "byte a time", "unstreamed"}
		next := uint64(0)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			lane := next
			if n := uint64(len(whole)); n > 0 {
				lane = rapid.Uint64Range(0, next).Draw(rt, "lane")
			}
			switch rest, open := left[lane]; {
			case lane == next && rapid.Bool().Draw(rt, "small"):
				f := "\x02\x00" + string(binary.AppendUvarint(nil, uint64(len(want))))
				message = append(message, f)
				want = append(want, event{"frame", f, int64(len(f))})
			case lane == next:
				size := rapid.OneOf(rapid.IntRange(3, 50), rapid.IntRange(60_000, 70_000)).Draw(rt, "size")
				whole[lane] = "\x04" + strings.Repeat(string(rune('a'+lane%26)), size-1)
				cut := rapid.IntRange(0, min(size-1, 64<<10)).Draw(rt, "cut")
				message = append(message, firstChunk(lane, 0, uint64(size), whole[lane][:cut]))
				left[lane] = whole[lane][cut:]
				next++
			case open:
				cut := rapid.IntRange(0, min(len(rest), 64<<10)).Draw(rt, "cut")
				if cut < len(rest) {
					message = append(message, chunkOf(lane, 0, rest[:cut]))
					left[lane] = rest[cut:]
					break
				}
				message = append(message, chunkOf(lane, last, rest))
				delete(left, lane)
				want = append(want, event{"large frame", whole[lane], int64(len(whole[lane]))})
			}
			if len(message) > 0 && rapid.Bool().Draw(rt, "send") {
				readers[rapid.SampledFrom(names).Draw(rt, "reader")](u, packed(message...))
				message = nil
			}
		}
		if len(message) > 0 {
			readers["at once"](u, packed(message...))
		}
		if diff := cmp.Diff(want, u.events); diff != "" {
			rt.Fatalf("want -, got +:\n%.2000s", diff)
		}
		if len(u.lanes.open) != len(left) {
			rt.Fatalf("%d lanes are open, want %d", len(u.lanes.open), len(left))
		}
	})
}

// FuzzFrames reads any bytes as websocket messages, each behind its length in two bytes.
// Whatever comes, memory stays bounded, small frames are pieces of their message, large
// ones were sent, and it does not matter how the bytes come.
func FuzzFrames(f *testing.F) {
	sized := func(messages ...[]byte) (all []byte) {
		for _, m := range messages {
			all = append(binary.BigEndian.AppendUint16(all, uint16(len(m))), m...)
		}
		return all
	}
	f.Add(sized(packed("abc", "defg"), packed("hij")))
	f.Add(sized(packed("abc", firstChunk(1, 0, 8, "abcd")), packed(chunkOf(1, 0, "ef")), packed(chunkOf(1, last, "gh"), "ijk")))
	f.Add(sized(packed(firstChunk(1, 0, 200, "abcd")), packed(chunkOf(1, 0, strings.Repeat("x", 50))), packed(chunkOf(1, abort, ""))))
	f.Add(sized(packed(firstChunk(1, 0, 1<<31, strings.Repeat("x", 5000)))))
	f.Add(sized(packed(firstChunk(1, 0, 90, "abc"), firstChunk(2, 0, 99, "abc"), firstChunk(3, 0, 80, "abc"))))
	f.Fuzz(func(t *testing.T, input []byte) {
		const limit = 100
		a, b := newUnpacking(limit), newUnpacking(limit)
		sent := 0
		for len(input) >= 2 && !a.deaf.Load() {
			n := min(int(binary.BigEndian.Uint16(input)), len(input)-2)
			message := input[2 : 2+n]
			input = input[2+n:]
			sent += n
			seen := len(a.events)
			readers["unstreamed"](a, bytes.Clone(message))
			readers["byte a time"](b, bytes.Clone(message))
			malformed := 0
			for _, e := range a.events[seen:] {
				if e.What == "malformed" {
					malformed++
				}
				if e.What == "frame" && !bytes.Contains(message, []byte(e.Data)) {
					t.Fatalf("frame % x is not in message % x", e.Data, message)
				}
				if e.What == "large frame" && (len(e.Data) > sent || len(e.Data) > limit || len(e.Data) < minFrame) {
					t.Fatalf("large frame of %d bytes, %d were sent", len(e.Data), sent)
				}
			}
			if malformed > 1 {
				t.Fatalf("%d complaints about a message", malformed)
			}
			checkMemory(t, a, limit)
			checkMemory(t, b, limit)
		}
		if diff := cmp.Diff(a.events, b.events); diff != "" {
			t.Fatalf("unstreamed -, streamed +:\n%s", diff)
		}
	})
}

// checkMemory checks the bounds of what lanes hold, beside the beginnings of frames that are
// too large.
func checkMemory(t *testing.T, u *unpacking, limit int) {
	t.Helper()
	var held, heads int
	for _, in := range u.lanes.open {
		heads += cap(in.head)
		if in.frame == nil {
			continue
		}
		for _, p := range in.frame.pieces {
			held += cap(p)
		}
		if in.frame.capacity() > in.frame.size+segmentBytes {
			t.Fatalf("a frame has memory for %d bytes, and %d have come", in.frame.capacity(), in.frame.size)
		}
	}
	if int64(held) != u.lanes.held {
		t.Fatalf("lanes hold %d bytes, %d are counted", held, u.lanes.held)
	}
	if held > lanesFactor*limit || heads > maxLanes*3*laneHead || len(u.lanes.open) > maxLanes {
		t.Fatalf("%d lanes hold %d bytes and %d of heads", len(u.lanes.open), held, heads)
	}
}
