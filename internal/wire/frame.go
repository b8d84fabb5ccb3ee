package wire

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Subprotocol is the name under which the two ends of a websocket agree on the
// binary protocol.
const Subprotocol = "mpreg.v1"

// FrameKind says what a frame is.
type FrameKind uint8

// The kinds of frames. 8, 11 and 18 are reserved. 8 was a frame that gossip took
// the place of, and must not get another meaning.
const (
	KindHello   FrameKind = 1
	KindCall    FrameKind = 2
	KindRequest FrameKind = 3
	KindResult  FrameKind = 4
	KindError   FrameKind = 5
	KindCancel  FrameKind = 6
	KindChunk   FrameKind = 7
	KindGoaway  FrameKind = 9
	KindItem    FrameKind = 10
	KindCredit  FrameKind = 12
	KindFetch   FrameKind = 13
	KindRenew   FrameKind = 14
	KindRelease FrameKind = 15
	KindEvent   FrameKind = 16
	KindGossip  FrameKind = 17
)

// String returns the name that docs/PROTOCOL.md has for the kind, or its number.
func (k FrameKind) String() string {
	names := [...]string{
		KindHello: "HELLO", KindCall: "CALL", KindRequest: "REQUEST", KindResult: "RESULT", KindError: "ERROR",
		KindCancel: "CANCEL", KindChunk: "CHUNK", KindGoaway: "GOAWAY", KindItem: "ITEM", KindCredit: "CREDIT",
		KindFetch: "FETCH", KindRenew: "RENEW", KindRelease: "RELEASE", KindEvent: "EVENT", KindGossip: "GOSSIP",
	}
	if int(k) >= len(names) || names[k] == "" {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return names[k]
}

// Flags of frames.
const (
	// FlagIgnorable is for every kind: who does not know the kind skips the
	// frame without a word.
	FlagIgnorable uint8 = 0x80

	// Those of KindChunk.
	FlagFirst uint8 = 0x01
	FlagLast  uint8 = 0x02
	FlagAbort uint8 = 0x04
)

// FrameHead is what every frame begins with.
type FrameHead struct {
	Kind  FrameKind
	Flags uint8

	// ID is that of the request, 0 where there is none, and in KindChunk the
	// lane.
	ID uint64
}

// DecodeFrameHead reads the head of a frame, whose length is not part of it.
// body is the rest of the frame, sharing its memory. Any kind is accepted. The
// error is an *Error.
func DecodeFrameHead(frame []byte) (h FrameHead, body []byte, err error) {
	const least = 3
	if len(frame) < least {
		return FrameHead{}, nil, Errorf(InvalidRequest, "malformed frame: it has %d bytes, and a kind, flags and an id take %d", len(frame), least)
	}
	id, n := binary.Uvarint(frame[2:])
	if n <= 0 {
		return FrameHead{}, nil, Errorf(InvalidRequest, "malformed frame: its id is cut off, or is longer than 64 bits")
	}
	return FrameHead{FrameKind(frame[0]), frame[1], id}, frame[2+n:], nil
}

// AppendFrameHead appends h as it stands in a frame.
func AppendFrameHead(dst []byte, h FrameHead) []byte {
	return binary.AppendUvarint(append(dst, byte(h.Kind), h.Flags), h.ID)
}

// referenced is the size, in bytes, from which a value becomes a part of its
// own. Copying less costs less than another part.
const referenced = 16 << 10

// keptBuffer bounds what a Frame keeps for the next one.
const keptBuffer = 64 << 10

// Frame is one frame that is being written, without its length. Large values
// are referenced and not copied: they must not change before the frame was
// sent. Each of the methods that write begins a new frame. After an error the
// frame is empty. The zero value is ready; a Frame is not for use by several
// goroutines at once.
type Frame struct {
	buf     []byte
	splices []splice
	spliced int // the bytes in splices
}

// splice is a value that stands in front of buf[at:].
type splice struct {
	at   int
	data []byte
}

// Reset empties the frame, letting go of the values that it references, and
// keeps some of its memory for the next.
func (f *Frame) Reset() {
	f.buf = f.buf[:0]
	if cap(f.buf) > keptBuffer {
		f.buf = nil
	}
	clear(f.splices)
	f.splices, f.spliced = f.splices[:0], 0
}

// Size returns how many bytes the frame has.
func (f *Frame) Size() int { return len(f.buf) + f.spliced }

// Parts appends the bytes of the frame to dst, in order. They are valid until
// Reset or the next write.
func (f *Frame) Parts(dst [][]byte) [][]byte {
	from := 0
	for _, s := range f.splices {
		dst = append(dst, f.buf[from:s.at:s.at], s.data)
		from = s.at
	}
	if from < len(f.buf) {
		dst = append(dst, f.buf[from:len(f.buf):len(f.buf)])
	}
	return dst
}

// Cancel writes that nobody waits for the request id any more.
func (f *Frame) Cancel(id uint64) { f.begin(KindCancel, id) }

// begin starts a frame, without flags.
func (f *Frame) begin(kind FrameKind, id uint64) {
	f.Reset()
	f.buf = AppendFrameHead(f.buf, FrameHead{Kind: kind, ID: id})
}

// drop empties a frame that can't be finished, and returns why.
func (f *Frame) drop(err error) error {
	f.Reset()
	return err
}

func (f *Frame) uv(n uint64) { f.buf = binary.AppendUvarint(f.buf, n) }

func (f *Frame) count(n int) { f.uv(uint64(n)) }

func (f *Frame) str(s string) {
	s = validText(s)
	f.count(len(s))
	f.buf = append(f.buf, s...)
}

func (f *Frame) strs(list []string) {
	f.count(len(list))
	for _, s := range list {
		f.str(s)
	}
}

// bytes writes data and its length.
func (f *Frame) bytes(data []byte) {
	f.count(len(data))
	if len(data) < referenced {
		f.buf = append(f.buf, data...)
		return
	}
	f.splices = append(f.splices, splice{len(f.buf), data})
	f.spliced += len(data)
}

// nested writes another frame's bytes and their size.
func (f *Frame) nested(in *Frame) {
	f.count(in.Size())
	from := 0
	for _, s := range in.splices {
		f.buf = append(f.buf, in.buf[from:s.at]...)
		f.splices = append(f.splices, splice{len(f.buf), s.data})
		f.spliced += len(s.data)
		from = s.at
	}
	f.buf = append(f.buf, in.buf[from:]...)
}

// uvSize returns how many bytes n takes.
func uvSize(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }
