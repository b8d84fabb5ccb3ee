package link

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/wire"
)

// event is a call of a Handler.
type event struct {
	What string // a Kind, "oversized KIND", "malformed" or "overrun"
	Data string
	Size int64
}

// journal is a Handler that notes its calls.
type journal struct{ events []event }

func (r *journal) Message(kind Kind, data []byte) {
	r.events = append(r.events, event{kind.String(), string(data), int64(len(data))})
}

func (r *journal) Oversized(kind Kind, head []byte, size int64) {
	r.events = append(r.events, event{"oversized " + kind.String(), string(head), size})
}

func (r *journal) Malformed(err error) {
	r.events = append(r.events, event{"malformed", err.Error(), 0})
}

// unpacking is an unpacker under test.
type unpacking struct {
	*unpacker
	*journal
	deaf atomic.Bool
	buf  readBuffer
}

func newUnpacking(limit int64) *unpacking {
	u := &unpacking{journal: &journal{}}
	u.unpacker = newUnpacker(u.journal, limit, &u.deaf, func(size int64) {
		u.events = append(u.events, event{"overrun", "", size})
		u.deaf.Store(true)
	})
	return u
}

// read does with a message what a link does.
func (u *unpacking) read(r io.Reader) {
	rest, ended := u.stream(r, u.buf.start(longestHead))
	if ended {
		return
	}
	data, _ := u.buf.fill(r, rest, math.MaxInt64)
	u.unpacker.Message(Binary, data)
	u.buf.release(len(data))
}

// readers are the ways in which the bytes of a message may come.
var readers = map[string]func(u *unpacking, message []byte){
	"at once":     func(u *unpacking, m []byte) { u.read(bytes.NewReader(m)) },
	"with EOF":    func(u *unpacking, m []byte) { u.read(iotest.DataErrReader(bytes.NewReader(m))) },
	"halves":      func(u *unpacking, m []byte) { u.read(iotest.HalfReader(bytes.NewReader(m))) },
	"byte a time": func(u *unpacking, m []byte) { u.read(iotest.OneByteReader(bytes.NewReader(m))) },
	"unstreamed":  func(u *unpacking, m []byte) { u.unpacker.Message(Binary, m) },
}

// packed makes a websocket message of frames.
func packed(frames ...string) []byte {
	var m []byte
	for _, f := range frames {
		m = append(binary.AppendUvarint(m, uint64(len(f))), f...)
	}
	return m
}

func chunkOf(lane uint64, flags uint8, body string) string {
	return string(wire.AppendFrameHead(nil, wire.FrameHead{Kind: wire.KindChunk, Flags: flags, ID: lane})) + body
}

func firstChunk(lane uint64, flags uint8, total uint64, body string) string {
	return chunkOf(lane, flags|wire.FlagFirst, string(binary.AppendUvarint(nil, total))+body)
}

const (
	last  = wire.FlagLast
	abort = wire.FlagAbort
)

func TestUnpack(t *testing.T) {
	const limit = 100_000
	fill := func(n int) string { return "\x04" + strings.Repeat("x", n-1) }
	got := func(frames ...string) (all []event) {
		for _, f := range frames {
			kind := Frame
			if len(f) > 10 {
				kind = LargeFrame
			}
			all = append(all, event{kind.String(), f, int64(len(f))})
		}
		return all
	}
	bad := func(why string) event { return event{What: "malformed", Data: why} }
	large := fill(20)
	huge := fill(64 << 10)
	tests := map[string]struct {
		messages [][]byte
		want     []event
	}{
		"one":   {[][]byte{packed("abc")}, got("abc")},
		"three": {[][]byte{packed("abc", "defg", "hij")}, got("abc", "defg", "hij")},
		"nothing": {
			[][]byte{{}},
			[]event{bad("websocket message without a frame")},
		},
		"short ones among others, told once": {
			[][]byte{packed("abc", "", "de", "fgh")},
			append(got("abc", "fgh"), bad("frame of 0 bytes: the least has 3")),
		},
		"lying length": {
			[][]byte{packed("abc", "def")[:7]},
			append(got("abc"), bad("a frame's length is 3, and 2 bytes are left of the message")),
		},
		"length of 2^31": {
			[][]byte{append(packed("abc"), 0x80, 0x80, 0x80, 0x80, 0x08, 'x')},
			append(got("abc"), bad("a frame's length is 2147483648, and 1 bytes are left of the message")),
		},
		"length of 2^64-1": {
			[][]byte{append(bytes.Repeat([]byte{0xff}, 9), 0x01)},
			[]event{bad("a frame's length is 18446744073709551615, and 0 bytes are left of the message")},
		},
		"length that does not end": {
			[][]byte{append(packed("abc"), bytes.Repeat([]byte{0xff}, 11)...)},
			append(got("abc"), bad("the length of a frame is no varint: ff ff ff ff ff ff ff ff ff ff")),
		},
		"large in one piece": {
			[][]byte{packed("abc", huge+"x", "def")},
			append(got("abc", "def"), bad("frame of 65537 bytes in one piece: above 65536 bytes send it in chunks")),
		},
		"lane of one chunk": {
			[][]byte{packed(firstChunk(1, last, 20, large))},
			got(large),
		},
		"lanes between each other and small frames": {
			[][]byte{
				packed("abc", firstChunk(1, 0, 20, large[:5]), firstChunk(2, 0, 20, ""), "def"),
				packed(chunkOf(2, 0, large[:19])),
				packed(chunkOf(1, 0, "")),
				packed(chunkOf(1, last, large[5:]), "ghi"),
				packed(chunkOf(2, last, large[19:])),
			},
			got("abc", "def", large, "ghi", large),
		},
		"abort": {
			[][]byte{packed(firstChunk(1, 0, 20, "xxx")), packed(chunkOf(1, abort, "")), packed(chunkOf(1, last, large))},
			nil,
		},
		"lane that is not open": {
			[][]byte{packed(chunkOf(7, 0, "xxx")), packed(chunkOf(7, last, "xxx")), packed(chunkOf(7, abort, ""))},
			nil,
		},
		"two first chunks": {
			[][]byte{
				packed(firstChunk(1, 0, 30, "old")),
				packed(firstChunk(1, 0, 20, large[:5])),
				packed(chunkOf(1, last, large[5:])),
			},
			append([]event{bad("lane 1: a second first chunk; what came before is dropped")}, got(large)...),
		},
		"too much": {
			[][]byte{packed(firstChunk(1, 0, 20, "xxx")), packed(chunkOf(1, last, large)), packed(chunkOf(1, last, "x"))},
			[]event{bad("lane 1 is dropped: 23 bytes arrived, 20 were announced")},
		},
		"too little": {
			[][]byte{packed(firstChunk(1, 0, 20, "xxx")), packed(chunkOf(1, last, "x")), packed(chunkOf(1, last, large[4:]))},
			[]event{bad("lane 1 is dropped: it ends after 4 bytes, 20 were announced")},
		},
		"chunk cut short": {
			[][]byte{packed(firstChunk(1, 0, 20, large[:5])), packed(chunkOf(1, 0, large[5:]))[:10], packed(chunkOf(1, last, large[5:]))},
			append([]event{bad("a frame's length is 18, and 9 bytes are left of the message")}, got(large)...),
		},
		"chunk and rubbish": {
			[][]byte{packed(firstChunk(1, 0, 20, large[:5])), append(packed(chunkOf(1, last, large[5:])), 9, 'x')},
			append(got(large), bad("a frame's length is 9, and 1 bytes are left of the message")),
		},
		"chunk without a lane": {
			[][]byte{packed("\x07\x00\xff")},
			[]event{bad("chunk: its lane is no varint")},
		},
		"first chunk without a size": {
			[][]byte{packed(chunkOf(9, wire.FlagFirst, ""))},
			[]event{bad("lane 9: first chunk without the size of a frame")},
		},
		"first chunk of less than a frame": {
			[][]byte{packed(firstChunk(9, last, 2, "xx"))},
			[]event{bad("lane 9: first chunk without the size of a frame")},
		},
		"large chunk": {
			[][]byte{packed(firstChunk(1, 0, 90_000, "")), packed(chunkOf(1, 0, huge+"x")), packed(chunkOf(1, 0, "x"))},
			[]event{bad("lane 1 is dropped: a chunk of 65537 bytes, 65536 are allowed")},
		},
		"chunk in chunks": {
			[][]byte{packed(firstChunk(1, 0, 20, "\x07")), packed(chunkOf(1, last, large[1:]))},
			[]event{bad("lane 1: a chunk in chunks")},
		},
		"above the limit": {
			[][]byte{
				packed(firstChunk(1, 0, 100_001, huge[:1000])),
				packed(chunkOf(1, 0, huge[:60_000])), // now the head is there
				packed("abc"),
				packed(chunkOf(1, last, huge[:39_001]), "def"),
			},
			[]event{
				{"oversized large frame", huge[:1000] + huge[:laneHead], 100_001},
				{Frame.String(), "abc", 3}, {Frame.String(), "def", 3},
			},
		},
		"a size of 2^63 and more": {
			[][]byte{packed(firstChunk(1, 0, math.MaxUint64, huge))},
			[]event{{"oversized large frame", huge[:laneHead], math.MaxInt64}},
		},
		"far above the limit": {
			append([][]byte{packed(firstChunk(1, 0, 1<<31, huge))},
				packed(chunkOf(1, 0, huge)), packed(chunkOf(1, 0, huge)), packed(chunkOf(1, 0, huge)),
				packed(chunkOf(1, 0, huge)), packed(chunkOf(1, 0, huge)), packed(chunkOf(1, 0, huge), "abc"), packed("def")),
			[]event{{"oversized large frame", huge[:laneHead], 1 << 31}, {"overrun", "", 400_000}},
		},
		"more than lanes may hold": {
			[][]byte{
				packed(firstChunk(1, 0, 100_000, huge)), packed(firstChunk(2, 0, 100_000, huge)),
				packed(chunkOf(1, 0, "x"), chunkOf(2, 0, "x")), // for which all the rest is reserved
				packed(firstChunk(3, 0, 9, "xxx"), firstChunk(4, 0, 50_000, "xxx")),
				packed(chunkOf(3, last, "xxxxxx")),
				packed(chunkOf(1, last, huge[:99_999-len(huge)])),
				packed(firstChunk(5, last, 20, large)),
				packed(chunkOf(4, last, huge[:49_997])),
			},
			[]event{
				{"oversized large frame", "xxxxxxxxx", 9},
				{LargeFrame.String(), huge + "x" + huge[:99_999-len(huge)], 100_000},
				{LargeFrame.String(), large, 20},
				{"oversized large frame", "xxx" + huge[:laneHead], 50_000},
			},
		},
	}
	for name, test := range tests {
		for by, read := range readers {
			t.Run(name+"/"+by, func(t *testing.T) {
				u := newUnpacking(limit)
				for _, m := range test.messages {
					if !u.deaf.Load() {
						read(u, bytes.Clone(m))
					}
				}
				if diff := cmp.Diff(test.want, u.events); diff != "" {
					t.Errorf("want -, got +:\n%.2000s", diff)
				}
			})
		}
	}
}

func TestUnpackText(t *testing.T) {
	u := newUnpacking(1000)
	u.unpacker.Message(Text, packed("abc"))
	u.unpacker.Oversized(Binary, packed("abc"), 200_000)
	want := []event{
		{What: "malformed", Data: "text message where frames are expected: send binary ones"},
		{What: "malformed", Data: "websocket message of 200000 bytes: send frames above 65536 bytes in chunks, small ones in several messages"},
	}
	if diff := cmp.Diff(want, u.events); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestFrameAboveMaxMessage: a small frame can be too large where little is allowed.
func TestFrameAboveMaxMessage(t *testing.T) {
	u := newUnpacking(4)
	u.read(bytes.NewReader(packed("abcd", "abcde", "abc")))
	want := []event{{"frame", "abcd", 4}, {"oversized frame", "abcde", 5}, {"frame", "abc", 3}}
	if diff := cmp.Diff(want, u.events); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}
