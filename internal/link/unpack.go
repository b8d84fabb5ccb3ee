package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// minFrame is a kind, flags and an id of one byte.
	minFrame = 3

	// longestHead is the length of a frame and the head of a chunk, or more.
	longestHead = 2 + 3*binary.MaxVarintLen64
)

// unpacker is the Handler of a framed link's websocket messages: it takes them apart
// and hands their frames to the link's own Handler. It belongs to the goroutine that
// reads.
type unpacker struct {
	h     Handler
	limit int64 // Config.MaxMessage
	deaf  *atomic.Bool
	lanes assembly
	fault error // the first one of the message at hand
}

// newUnpacker returns an unpacker for h. It stops in the middle of a message when
// deaf is set, and calls overrun when it had to discard too much of a frame.
func newUnpacker(h Handler, limit int64, deaf *atomic.Bool, overrun func(size int64)) *unpacker {
	return &unpacker{h: h, limit: limit, deaf: deaf, lanes: assembly{h: h, limit: limit, overrun: overrun}}
}

// bound sets the limit of frames.
func (u *unpacker) bound(limit int64) { u.limit, u.lanes.limit = limit, limit }

// Message handles what stream has left of a message: all frames that can be told
// apart. Then it tells of the first fault.
func (u *unpacker) Message(kind Kind, data []byte) {
	if kind != Binary {
		u.blame(errors.New("text message where frames are expected: send binary ones"))
	} else {
		u.unpack(data)
	}
	u.complain()
}

// Oversized is for websocket messages larger than any that is needed to carry frames.
func (u *unpacker) Oversized(_ Kind, _ []byte, size int64) {
	u.blame(fmt.Errorf("websocket message of %d bytes: send frames above %d bytes in chunks, small ones in several messages",
		size, LargeMessage))
	u.complain()
}

// Malformed is never called: it is the unpacker who finds faults.
func (u *unpacker) Malformed(error) {}

func (u *unpacker) blame(fault error) {
	if u.fault == nil {
		u.fault = fault
	}
}

func (u *unpacker) complain() {
	fault := u.fault
	u.fault = nil
	if fault != nil && !u.deaf.Load() {
		u.h.Malformed(fault)
	}
}

func (u *unpacker) unpack(data []byte) {
	if len(data) == 0 {
		u.blame(errors.New("websocket message without a frame"))
	}
	for len(data) > 0 && !u.deaf.Load() {
		size, n := binary.Uvarint(data)
		if n <= 0 {
			u.blame(fmt.Errorf("the length of a frame is no varint: % x", data[:min(len(data), binary.MaxVarintLen64)]))
			return
		}
		data = data[n:]
		if size > uint64(len(data)) {
			u.blame(cutShort(size, len(data)))
			return
		}
		u.frame(data[:size:size])
		data = data[size:]
	}
}

func cutShort(size uint64, left int) error {
	return fmt.Errorf("a frame's length is %d, and %d bytes are left of the message", size, left)
}

func (u *unpacker) frame(frame []byte) {
	switch size := len(frame); {
	case size < minFrame:
		u.blame(fmt.Errorf("frame of %d bytes: the least has %d", size, minFrame))
	case wire.FrameKind(frame[0]) == wire.KindChunk:
		u.blame(u.lanes.chunk(frame))
	case size > LargeMessage:
		u.blame(fmt.Errorf("frame of %d bytes in one piece: above %d bytes send it in chunks", size, LargeMessage))
	case int64(size) > u.limit:
		u.h.Oversized(Frame, frame, int64(size))
	default:
		u.h.Message(Frame, frame)
	}
}

// stream begins to read a message. If that is a chunk and nothing else, as bulk is, its
// bytes are read straight into their lane, and ended is true: there is no more to
// do. Otherwise the first rest bytes of head were read and not handled. Errors
// but the end of the message are left for the next read to find. head has
// room for longestHead bytes.
func (u *unpacker) stream(r io.Reader, head []byte) (rest int, ended bool) {
	n, _ := r.Read(head)
	size, before := binary.Uvarint(head[:n])
	if before <= 0 || n < before+minFrame || wire.FrameKind(head[before]) != wire.KindChunk {
		return n, false
	}
	c, err := parseChunk(head[before:n])
	if err != nil || size < uint64(c.head) {
		return n, false // unpack tells what is wrong
	}
	size -= uint64(c.head)
	frame := u.lanes.room(c, size)
	if frame == nil || size < uint64(len(c.body)) {
		return n, false
	}
	got, err := frame.fill(r, c.body, int(size))
	switch {
	case err == nil:
		u.blame(u.lanes.filled(c, got))
	case errors.Is(err, io.EOF):
		u.blame(cutShort(size+uint64(c.head), c.head+got))
	default:
		return 0, false
	}
	for n, err = 0, nil; n == 0 && err == nil; {
		n, err = r.Read(head)
	}
	if n == 0 && errors.Is(err, io.EOF) {
		u.complain()
		return 0, true
	}
	return n, false
}
