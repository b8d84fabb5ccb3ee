package mpreg

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// reply is where a call waits. The zero done of a pooled one is empty.
type reply struct {
	done   chan struct{} // gets one token, when frame or err is there
	frame  []byte
	large  *link.Large // instead of frame
	err    error
	inflow *inflow // where what comes before goes; nil if nothing was asked for
}

// whole returns the answer, once. To put a large one together takes time, which is
// not the reader's to spend.
func (r *reply) whole() []byte {
	if r.large != nil {
		return r.large.Join()
	}
	return r.frame
}

// newReply returns a reply from the link's own pool: a pool for all links would
// carry channels between the synctest bubbles of a process, which they must not
// leave.
func (p *peer) newReply() *reply {
	if r, ok := p.replies.Get().(*reply); ok {
		return r
	}
	return &reply{done: make(chan struct{}, 1)}
}

// recycle gives back a reply that nobody else has and whose token was taken.
func (p *peer) recycle(r *reply) {
	r.frame, r.large, r.err = nil, nil, nil
	p.replies.Put(r)
}

// do sends a request and waits for its answer. What comes before that is handed
// to to, by this goroutine.
func (p *peer) do(ctx context.Context, r *wire.Request, to receiver) (*wire.Response, error) {
	if to != nil {
		return p.receive(ctx, r, to)
	}
	reply := p.newReply()
	id, err := p.slots.Put(reply)
	if err != nil {
		return nil, p.notSent(err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		r.SetTimeout(time.Until(deadline))
	}
	if err := p.send(ctx, id, r); err != nil {
		p.forget(id, reply)
		return nil, err
	}
	select {
	case <-reply.done:
	case <-ctx.Done():
		if _, ok := p.take(id); ok {
			// Nobody else has the reply now. The node knows of the deadline; of
			// a cancel it need not know for this to be right, only to be cheap.
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				p.cancel(id)
			}
			p.recycle(reply)
			return nil, endError(ctx, ExecutedMaybe)
		}
		<-reply.done
	}
	answer := *reply
	p.recycle(reply)
	if answer.err != nil {
		return nil, answer.err
	}
	return p.response(answer.whole(), r)
}

// response reads the answer to r.
func (p *peer) response(frame []byte, r *wire.Request) (*wire.Response, error) {
	var response *wire.Response
	head, body, err := wire.DecodeFrameHead(frame)
	if err == nil {
		response, err = wire.DecodeFrameResponse(head, body, p.codecs)
	}
	if err != nil {
		return nil, newError(Internal, ExecutedMaybe, "the answer of %s can't be read: %w", p.link.RemoteAddr(), err)
	}
	if len(response.Results) == 1 && response.Results[0].Name == "" && len(r.Commands) > 0 {
		response.Results[0].Name = r.Commands[0].Name // a Fetch has none
	}
	return response, nil
}

// send puts a request on the link.
func (p *peer) send(ctx context.Context, id uint64, r *wire.Request) error {
	f := p.newFrame()
	if err := f.Request(id, r); err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		return e
	}
	size := f.Size()
	if most := p.said.Limits.MessageBytes; most > 0 && int64(size) > most {
		e := newError(ResourceExhausted, ExecutedNo, "the request has %d bytes, and %s takes %d", size, p.link.RemoteAddr(), most)
		e.Details = map[string]any{wire.DetailLimit: "message_bytes", wire.DetailMax: most}
		return e
	}
	begun := false
	if err := p.write(ctx, f, func() { begun = true }); err != nil {
		failure := p.notSent(err)
		if ctx.Err() != nil {
			failure = endError(ctx, ExecutedNo)
		}
		if begun { // the last bytes of a large one may be on their way all the same
			failure.Executed = ExecutedMaybe
			p.cancel(id)
		}
		return failure
	}
	return nil
}

func (p *peer) notSent(err error) *Error {
	if errors.Is(err, link.ErrSlotsFull) {
		e := newError(ResourceExhausted, ExecutedNo, "too many calls wait for an answer of %s: %w", p.link.RemoteAddr(), err)
		e.Details = map[string]any{wire.DetailLimit: "calls_per_link"}
		return e
	}
	return newError(Unavailable, ExecutedNo, "the request was not sent: %w", err)
}

// forget gives up a call that was not sent, whose slot may have been drained
// with the link.
func (p *peer) forget(id uint64, r *reply) {
	if _, ok := p.take(id); !ok {
		<-r.done
	}
	p.recycle(r)
}

// take ends the wait of a call: whoever gets its reply is alone to use it.
func (p *peer) take(id uint64) (*reply, bool) {
	r, ok := p.slots.Take(id)
	if ok && p.retired.Load() {
		p.owner.idle()
	}
	return r, ok
}

// fail ends the calls on a link that is gone, or about to go.
func (p *peer) fail(e *Error) {
	for _, r := range p.slots.Close() {
		r.err = e
		r.done <- struct{}{}
	}
}

// answer wakes the call that an answer is for. A late one finds its slot free, or
// with another generation, and is dropped.
func (p *peer) answer(id uint64, frame []byte, owned bool) {
	r, ok := p.take(id)
	if !ok {
		p.unwanted(frame)
		return
	}
	if !owned {
		frame = bytes.Clone(frame)
	}
	r.frame = frame
	r.done <- struct{}{}
}

// unwanted lets go of what the other end holds for a call that was given up: its
// answer has crossed the cancel.
func (p *peer) unwanted(frame []byte) {
	const most = 1 << 10 // of an answer that is a lease
	if len(frame) > most {
		return
	}
	head, body, err := wire.DecodeFrameHead(frame)
	if err != nil {
		return
	}
	response, err := wire.DecodeFrameResponse(head, body, p.codecs)
	if err != nil {
		return
	}
	for i := range response.Results {
		if held := wire.LeaseOf(response.Results[i].Value); held != nil && held.Node == p.said.Node {
			p.try(func(f *wire.Frame) { f.Release(held.Token) })
		}
	}
}
