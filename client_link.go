package mpreg

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// clientLink is a link with the calls that wait for an answer on it. It is the
// link's Handler.
type clientLink struct {
	link    *link.Link
	slots   *link.Slots[*reply]
	replies sync.Pool // of *reply
}

// reply is where a call waits. The zero done of a pooled one is empty.
type reply struct {
	done    chan struct{} // gets one token, when message or err is there
	message []byte
	err     error
}

// newReply returns a reply from the link's own pool: a pool for all links would
// carry channels between the synctest bubbles of a process, which they must not
// leave.
func (cl *clientLink) newReply() *reply {
	if r, ok := cl.replies.Get().(*reply); ok {
		return r
	}
	return &reply{done: make(chan struct{}, 1)}
}

// recycle gives back a reply that nobody else has and whose token was taken.
func (cl *clientLink) recycle(r *reply) {
	r.message, r.err = nil, nil
	cl.replies.Put(r)
}

// send puts a request on the link.
func (cl *clientLink) send(ctx context.Context, r *wire.Request) error {
	buf, _ := messages.Get().(*[]byte)
	defer recycle(buf)
	message, err := wire.AppendRequest((*buf)[:0], r)
	if err != nil {
		return asError(err)
	}
	*buf = message
	if err := cl.link.Send(ctx, link.Text, message); err != nil {
		failure := cl.notSent(err)
		if ctx.Err() != nil {
			failure = contextError(ctx.Err(), ExecutedNo)
		}
		if len(message) > link.LargeMessage {
			failure.Executed = ExecutedMaybe // it may be on its way all the same
		}
		return failure
	}
	return nil
}

func (cl *clientLink) notSent(err error) *Error {
	if errors.Is(err, link.ErrSlotsFull) {
		e := newError(ResourceExhausted, ExecutedNo, "too many calls wait for an answer of %s: %w", cl.link.RemoteAddr(), err)
		e.Details = map[string]any{wire.DetailLimit: "calls_per_link"}
		return e
	}
	return newError(Unavailable, ExecutedNo, "the request was not sent: %w", err)
}

// forget gives up a call that was not sent, whose slot may have been drained
// with the link.
func (cl *clientLink) forget(id uint64, r *reply) {
	if _, ok := cl.slots.Take(id); !ok {
		<-r.done
	}
	cl.recycle(r)
}

// Message implements link.Handler: it wakes the call that the answer is for. A
// late answer finds its slot free, or with another generation, and is dropped.
func (cl *clientLink) Message(_ link.Kind, data []byte) { cl.settle(data, data, nil) }

// settle wakes the call that the message beginning with head answers.
func (cl *clientLink) settle(head, message []byte, err error) {
	id, notOurs := strconv.ParseUint(wire.Sniff(head).U, 36, 64)
	if notOurs != nil {
		return
	}
	if r, ok := cl.slots.Take(id); ok {
		r.message, r.err = bytes.Clone(message), err
		r.done <- struct{}{}
	}
}

// Oversized implements link.Handler.
func (cl *clientLink) Oversized(_ link.Kind, head []byte, size int64) {
	e := newError(ResourceExhausted, ExecutedYes, "the answer has %d bytes, more than this client takes: see WithMaxMessageBytes", size)
	e.Details = map[string]any{wire.DetailLimit: "message_bytes"}
	cl.settle(head, nil, e)
}

// fail ends the calls on a link that is gone, or about to go.
func (cl *clientLink) fail(e *Error) {
	for _, r := range cl.slots.Close() {
		r.err = e
		r.done <- struct{}{}
	}
}

// lostError is the error of calls on a link that was lost.
func lostError(cause error) *Error {
	if closed, ok := errors.AsType[*link.CloseError](cause); ok && closed.Code == link.StatusGoingAway && closed.Reason == drainedReason {
		// The node closes behind its last answer: it never began the rest.
		return newError(Unavailable, ExecutedNo, "the node stopped before it took the request: %w", cause)
	}
	return newError(Unavailable, ExecutedMaybe, "the link was lost before the answer came: %w", cause)
}
