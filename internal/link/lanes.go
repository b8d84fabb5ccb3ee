package link

import (
	"encoding/binary"
	"slices"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg/internal/wire"
)

// openLanes is how many large frames are sent by turns. More would finish later, all of
// them, and cost the peer memory; the others wait.
const openLanes = 8

// lanes are the large frames that wait to be written or are being written, chunk by
// chunk. The first openLanes of them take turns.
type lanes struct {
	waiting []*lane
	total   tally // cost of the frames whose last chunk is not written
	lastID  uint64
	most    int // bytes of the frames that take turns; 0: not known
}

// turns is how many lanes take turns: not more than the peer has memory for,
// which begins to discard what is more.
func (q *lanes) turns() int {
	n, sum := 0, 0
	for n < min(len(q.waiting), openLanes) {
		if sum += q.waiting[n].size; n > 0 && q.most > 0 && sum > q.most {
			break
		}
		n++
	}
	return n
}

// lane is a large frame on its way out.
type lane struct {
	id      uint64
	size    int
	rest    [][]byte        // what has not been handed to the flusher
	left    int             // bytes in rest
	begun   bool            // a chunk was handed to the flusher
	written chan<- struct{} // closed when the last chunk is written; may be nil
}

// chunk is what the flusher writes at a time.
type chunk struct {
	lane  *lane
	head  []byte
	parts [][]byte
	last  bool
}

func (q *lanes) add(parts [][]byte, size int, written chan<- struct{}) *lane {
	q.lastID++
	ln := &lane{id: q.lastID, size: size, rest: parts, left: size, written: written}
	q.waiting = append(q.waiting, ln)
	q.total += tally(size + overhead)
	return ln
}

// next takes the next chunk of the lane whose turn it is. It reuses c's memory and returns
// false if there is no lane.
func (q *lanes) next(c *chunk) bool {
	if len(q.waiting) == 0 {
		return false
	}
	ln := q.waiting[0]
	size := min(ln.left, chunkBytes)
	c.lane, c.last = ln, size == ln.left
	c.encode(size)
	if c.last {
		q.waiting = slices.Delete(q.waiting, 0, 1)
	} else {
		turn := q.waiting[:q.turns()]
		copy(turn, turn[1:])
		turn[len(turn)-1] = ln
	}
	return true
}

// encode moves size bytes of the lane into the chunk and makes its head: the length of
// the frame, and the frame's own.
func (c *chunk) encode(size int) {
	ln := c.lane
	h := wire.FrameHead{Kind: wire.KindChunk, ID: ln.id}
	if c.last {
		h.Flags |= wire.FlagLast
	}
	if !ln.begun {
		h.Flags |= wire.FlagFirst
	}
	var buf [longestHead]byte
	head := wire.AppendFrameHead(buf[:0], h)
	if !ln.begun {
		head = binary.AppendUvarint(head, uint64(ln.size))
	}
	c.head = binary.AppendUvarint(c.head[:0], uint64(len(head)+size))
	c.head = append(c.head, head...)
	c.parts = c.parts[:0]
	for ln.begun, ln.left = true, ln.left-size; size > 0; {
		p := ln.rest[0]
		if len(p) > size {
			ln.rest[0], p = p[size:], p[:size]
		} else {
			ln.rest = ln.rest[1:]
		}
		c.parts = append(c.parts, p)
		size -= len(p)
	}
}

// writeTo writes the chunk as a websocket message, its bytes uncopied where they need no
// mask.
func (c *chunk) writeTo(ws *websocket.Conn) error {
	w, err := ws.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	if _, err := w.Write(c.head); err != nil {
		return err
	}
	for _, p := range c.parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return w.Close()
}

// wrote is called when a chunk that next returned is written. It reports whether that made
// room.
func (q *lanes) wrote(c *chunk) bool {
	clear(c.parts) // lets go of the sender's memory
	ln, last := c.lane, c.last
	c.lane = nil
	if !last {
		return false
	}
	q.total -= tally(ln.size + overhead)
	if ln.written != nil {
		close(ln.written)
	}
	return true
}

// remove forgets a lane that has chunks left; false if it has none.
func (q *lanes) remove(ln *lane) bool {
	i := slices.Index(q.waiting, ln)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	q.total -= tally(ln.size + overhead)
	return true
}

func (q *lanes) drop() {
	for _, ln := range q.waiting {
		q.total -= tally(ln.size + overhead)
	}
	q.waiting = nil
}
