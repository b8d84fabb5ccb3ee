package link

import "iter"

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
	total int   // cost of the messages being filled and being written

	ping     bool
	wantPong bool
	pong     []byte // answers the latest ping; RFC 6455, section 5.5.3, lets go of older ones
	bye      []byte // the close frame: written when all messages are
}

// batch is a run of messages that are written in one go. It is the one place that
// knows their boundaries: who packs several into one websocket message does it
// here.
type batch struct {
	arena []byte // holds the bytes of small messages, back to back
	msgs  []message
	cost  int
}

type message struct {
	kind    Kind
	data    []byte
	written chan<- struct{} // closed when data is not needed any more; may be nil
}

func cost(data []byte) int { return len(data) + overhead }

// admits tells whether a message of this cost fits under the bound. An empty queue
// takes any message: else one above the bound could never be sent.
func (q *queue) admits(cost, bound int) bool {
	return q.total == 0 || q.total+cost <= bound
}

// copy appends a message of which it keeps a copy. When the arena grows, earlier
// messages stay in the old one, which lives until the batch is written.
func (q *queue) copy(kind Kind, data []byte) {
	at := len(q.arena)
	q.arena = append(q.arena, data...)
	q.refer(message{kind: kind, data: q.arena[at:len(q.arena):len(q.arena)]})
}

// refer appends a message whose bytes are not copied.
func (q *queue) refer(m message) {
	q.msgs = append(q.msgs, m)
	q.cost += cost(m.data)
	q.total += cost(m.data)
}

func (q *queue) empty() bool {
	return len(q.msgs) == 0 && !q.ping && !q.wantPong && q.bye == nil
}

// brief tells whether all there is are messages so small that the websocket keeps them
// in its buffers, also if compression fails to make them smaller.
func (q *queue) brief() bool {
	return q.cost <= frameBuffer/2 && !q.ping && !q.wantPong && q.bye == nil
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
	q.total -= q.cost
	q.batch = batch{}
}

// parts cuts a batch into runs of messages that cost bytes each or, the last, less.
func (b batch) parts(bytes int) iter.Seq[batch] {
	return func(yield func(batch) bool) {
		part, from := batch{}, 0
		for i, m := range b.msgs {
			part.cost += cost(m.data)
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
