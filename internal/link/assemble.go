package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// maxLanes is how many lanes a peer may have open.
	maxLanes = 64

	// lanesFactor times MaxMessage bounds the memory of all lanes of a link.
	lanesFactor = 2

	// laneHead is how much of a frame that is too large is awaited for
	// Handler.Oversized. It is so little that nobody counts it.
	laneHead = 4 << 10
)

// assembly puts the chunks of lanes together.
type assembly struct {
	h       Handler
	limit   int64            // of a frame
	overrun func(size int64) // called when too much of a frame was discarded
	open    map[uint64]*incoming
	held    int64 // memory of the frames of all open lanes
}

// incoming is a lane that the peer has opened.
type incoming struct {
	total   uint64 // announced
	arrived uint64
	frame   *Large // nil if it is too large
	head    []byte // then this is its beginning
	told    bool   // and Oversized was called
}

// chunkFrame is a CHUNK frame that was taken apart.
type chunkFrame struct {
	lane               uint64
	first, last, abort bool
	total              uint64 // if first
	head               int    // how many bytes are before body
	body               []byte
}

// parseChunk takes a frame apart, of which all or the beginning is there.
func parseChunk(frame []byte) (c chunkFrame, err error) {
	flags := frame[1]
	c.first, c.last, c.abort = flags&wire.FlagFirst != 0, flags&wire.FlagLast != 0, flags&wire.FlagAbort != 0
	id, n := binary.Uvarint(frame[2:])
	if n <= 0 {
		return c, errors.New("chunk: its lane is no varint")
	}
	c.lane, c.head = id, 2+n
	if c.first && !c.abort {
		total, n := binary.Uvarint(frame[c.head:])
		if n <= 0 || total < minFrame {
			return c, fmt.Errorf("lane %d: first chunk without the size of a frame", id)
		}
		c.total, c.head = total, c.head+n
	}
	c.body = frame[c.head:]
	return c, nil
}

// chunk handles a CHUNK frame.
func (a *assembly) chunk(frame []byte) (fault error) {
	c, err := parseChunk(frame)
	if err != nil {
		return err
	}
	if c.abort {
		a.forget(c.lane)
		return nil
	}
	if c.first {
		if a.open[c.lane] != nil {
			fault = fmt.Errorf("lane %d: a second first chunk; what came before is dropped", c.lane)
			a.forget(c.lane)
		}
		a.begin(c)
	}
	in := a.open[c.lane]
	if in == nil {
		return fault // it is discarded, or nonsense that harms nobody
	}
	in.arrived += uint64(len(c.body))
	if err := in.check(len(c.body), c.last); err != nil {
		a.forget(c.lane)
		return fmt.Errorf("lane %d is dropped: %w", c.lane, err)
	}
	a.add(in, c.body)
	if c.last {
		return a.finish(c.lane, in)
	}
	return fault
}

// begin opens a lane, or refuses the frame if there are too many.
func (a *assembly) begin(c chunkFrame) {
	if len(a.open) >= maxLanes {
		a.h.Oversized(LargeFrame, c.body, clamp(c.total))
		return
	}
	if a.open == nil {
		a.open = make(map[uint64]*incoming)
	}
	in := &incoming{total: c.total}
	if c.total <= uint64(min(a.limit, math.MaxInt)) {
		in.frame = &Large{total: int(c.total)}
	}
	a.open[c.lane] = in
}

// check looks for what makes a lane nonsense, after a chunk of size bytes.
func (in *incoming) check(size int, last bool) error {
	switch {
	case size > LargeMessage:
		return fmt.Errorf("a chunk of %d bytes, %d are allowed", size, LargeMessage)
	case in.arrived > in.total:
		return fmt.Errorf("%d bytes arrived, %d were announced", in.arrived, in.total)
	case last && in.arrived < in.total:
		return fmt.Errorf("it ends after %d bytes, %d were announced", in.arrived, in.total)
	}
	return nil
}

// add keeps the bytes of a chunk, or only the first ones of a frame that is too large.
func (a *assembly) add(in *incoming, body []byte) {
	if in.frame != nil && !a.fit(in.frame, len(body)) {
		if in.frame.size > 0 {
			in.keep(in.frame.Head()[:min(in.frame.size, laneHead)])
		}
		a.drop(in)
	}
	if in.frame != nil {
		in.frame.add(body)
		return
	}
	if !in.told {
		in.keep(body)
		if len(in.head) >= laneHead {
			a.tell(in)
		}
	}
	if in.arrived > uint64(oversizeFactor*a.limit) {
		a.overrun(oversizeFactor * a.limit)
	}
}

// fit makes room for n more bytes, unless that takes more memory than lanes may have.
func (a *assembly) fit(f *Large, n int) bool {
	more := int64(f.missing(n))
	if a.held+more > lanesFactor*a.limit {
		return false
	}
	f.reserve(n)
	a.held += more
	return true
}

// drop forgets the bytes of a frame, if there are any.
func (a *assembly) drop(in *incoming) {
	if in.frame != nil {
		a.held -= int64(in.frame.capacity())
		in.frame.release()
		in.frame = nil
	}
}

// keep appends to the head of a frame that is too large.
func (in *incoming) keep(body []byte) {
	in.head = append(in.head, body[:min(len(body), laneHead)]...)
}

// tell reports a frame that is too large, once.
func (a *assembly) tell(in *incoming) {
	if !in.told {
		in.told = true
		a.h.Oversized(LargeFrame, in.head, clamp(in.total))
		in.head = nil
	}
}

// room returns the frame to which a chunk's body of size bytes belongs, with memory for
// them, if they can simply be read there. In all other cases it returns nil, and the
// chunk goes to chunk.
func (a *assembly) room(c chunkFrame, size uint64) *Large {
	in := a.open[c.lane]
	if in == nil || in.frame == nil || c.first || c.abort || size == 0 || size > LargeMessage {
		return nil
	}
	if left := in.total - in.arrived; size > left || c.last && size < left || !a.fit(in.frame, int(size)) {
		return nil
	}
	return in.frame
}

// filled takes over the bytes that were read to where room said.
func (a *assembly) filled(c chunkFrame, size int) (fault error) {
	in := a.open[c.lane]
	in.arrived += uint64(size)
	in.frame.size += size
	if c.last {
		return a.finish(c.lane, in)
	}
	return nil
}

// finish hands over a frame whose last chunk has come.
func (a *assembly) finish(id uint64, in *incoming) (fault error) {
	defer a.forget(id)
	switch {
	case in.frame == nil:
		a.tell(in)
	case wire.FrameKind(in.frame.Head()[0]) == wire.KindChunk:
		return fmt.Errorf("lane %d: a chunk in chunks", id)
	default:
		frame := in.frame
		a.held -= int64(frame.capacity())
		in.frame = nil
		a.deliver(frame)
	}
	return nil
}

// deliver hands over a frame, in one piece if the Handler wants that.
func (a *assembly) deliver(f *Large) {
	if h, ok := a.h.(LargeHandler); ok {
		h.Large(f)
		return
	}
	a.h.Message(LargeFrame, f.Join())
}

// forget closes a lane.
func (a *assembly) forget(id uint64) {
	if in := a.open[id]; in != nil {
		a.drop(in)
		delete(a.open, id)
	}
}

func clamp(n uint64) int64 { return int64(min(n, math.MaxInt64)) }
