package link

import (
	"encoding/binary"
	"iter"
)

// LargeMessage is the size in bytes above which a message is queued by reference:
// copying would cost more than waiting for the write.
const LargeMessage = 64 << 10

const (
	// overhead is what a queued message counts beside its bytes, so that a flood
	// of empty ones is bounded too.
	overhead = 64

	// keptArena and keptMessages bound the memory that is kept for the next batch.
	keptArena    = 256 << 10
	keptMessages = 4096
)

// queue is what waits to be written: messages in order, and at most one of each
// control frame. Two batches take turns, one being filled while the other is
// written, so that queueing allocates nothing in a steady state.
type queue struct {
	batch       // being filled
	spare batch // empty, for the next turn
	total tally // cost of the messages being filled and being written
	bulk  lanes // large frames, on a framed link

	ping     bool
	wantPong bool
	pong     []byte // answers the latest ping; RFC 6455, section 5.5.3, lets go of older ones
	bye      []byte // the close frame: written when all messages are
}

// batch is a run of messages that are written in one go.
type batch struct {
	arena []byte // holds the bytes of small messages, back to back
	open  int    // where in arena the last message begins, if it is a pack of frames
	msgs  []message
	count int // of messages or, where those are packs, frames
	cost  int
}

type message struct {
	kind    Kind
	data    []byte
	cost    int
	written chan<- struct{} // closed when data is not needed any more; may be nil
}

// tally is the cost of what is queued.
type tally int

// admits tells whether a message of this cost fits under the bound. An empty queue
// takes any message: else one above the bound could never be sent.
func (t tally) admits(cost, bound int) bool {
	return t == 0 || int(t)+cost <= bound
}

// copy appends a message of which it keeps a copy. When the arena grows, earlier
// messages stay in the old one, which lives until the batch is written.
func (q *queue) copy(kind Kind, data []byte) {
	at := len(q.arena)
	q.arena = append(q.arena, data...)
	q.refer(kind, q.arena[at:len(q.arena):len(q.arena)], nil)
}

// refer appends a message whose bytes are not copied.
func (q *queue) refer(kind Kind, data []byte, written chan<- struct{}) {
	q.msgs = append(q.msgs, message{kind: kind, data: data, written: written})
	q.charge(len(data) + overhead)
}

// charge counts a message, or a frame, that was added to the last message.
func (q *queue) charge(cost int) {
	q.count++
	q.msgs[len(q.msgs)-1].cost += cost
	q.cost += cost
	q.total += tally(cost)
}

// pack appends a frame, its length before it, to the last message, or to a new one when
// that is full. What was packed before is at its place in arena, also when that
// grows: so the message is one piece of memory, written as it is.
func (q *queue) pack(parts [][]byte, size int) {
	if n := len(q.msgs); n == 0 || len(q.msgs[n-1].data)+binary.MaxVarintLen32+size > packBytes {
		q.msgs = append(q.msgs, message{kind: Binary})
		q.open = len(q.arena)
	}
	q.arena = binary.AppendUvarint(q.arena, uint64(size))
	for _, p := range parts {
		q.arena = append(q.arena, p...)
	}
	q.msgs[len(q.msgs)-1].data = q.arena[q.open:len(q.arena):len(q.arena)]
	q.charge(size + overhead)
}

func (q *queue) empty() bool {
	return len(q.msgs) == 0 && len(q.bulk.waiting) == 0 && !q.ping && !q.wantPong && q.bye == nil
}

// takeBye returns the close frame, nil while lanes wait.
func (q *queue) takeBye() []byte {
	if len(q.bulk.waiting) > 0 {
		return nil
	}
	bye := q.bye
	q.bye = nil
	return bye
}

// brief tells whether all there is are messages so small that the websocket keeps them
// in its buffers, also if compression fails to make them smaller.
func (q *queue) brief() bool {
	return q.cost <= frameBuffer/2 && len(q.bulk.waiting) == 0 && !q.ping && !q.wantPong && q.bye == nil
}

// takePong returns the payload of the pong that is wanted, nil if none is.
func (q *queue) takePong() []byte {
	if !q.wantPong {
		return nil
	}
	q.wantPong = false
	return append([]byte{}, q.pong...)
}

// take starts the next turn: what was being filled is the caller's to write.
func (q *queue) take() batch {
	b := q.batch
	q.batch, q.spare = q.spare, batch{}
	return b
}

// recycle gives back what take returned, when it is written.
func (q *queue) recycle(b batch) {
	clear(b.msgs) // lets go of large messages
	if cap(b.arena) <= keptArena && cap(b.msgs) <= keptMessages {
		q.spare = batch{arena: b.arena[:0], msgs: b.msgs[:0]}
	}
}

// drop forgets the messages that nobody has begun to write.
func (q *queue) drop() {
	q.total -= tally(q.cost)
	q.batch = batch{}
	q.bulk.drop()
}

// parts cuts a batch into runs of messages that cost bytes each or, the last, less.
func (b batch) parts(bytes int) iter.Seq[batch] {
	return func(yield func(batch) bool) {
		part, from := batch{}, 0
		for i, m := range b.msgs {
			part.cost += m.cost
			if part.cost < bytes && i < len(b.msgs)-1 {
				continue
			}
			part.msgs = b.msgs[from : i+1]
			if !yield(part) {
				return
			}
			part, from = batch{}, i+1
		}
	}
}
