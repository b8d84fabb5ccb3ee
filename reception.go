package mpreg

import (
	"bytes"
	"context"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// reception is a call whose response is waited for by who takes what comes before
// it.
type reception struct {
	*inflow
	peer  *peer
	id    uint64
	reply *reply
	to    receiver
	count int64 // items that were taken, or were about to be
	over  bool  // the response is there: nothing comes any more
}

// receive is do for a call with a receiver, which is code of an application: its panic
// ends the call, too.
func (p *peer) receive(ctx context.Context, r *wire.Request, to receiver) (*wire.Response, error) {
	if r.Stream {
		r.Window, r.WindowBytes = streamWindow, streamWindowBytes
	}
	// The reply is not one of those that are used again: the reader may still hold
	// it when the call is over.
	c := &reception{
		inflow: newInflow(r), peer: p, to: to,
		reply: &reply{done: make(chan struct{}, 1)},
	}
	c.reply.inflow = c.inflow
	var err error
	if c.id, err = p.slots.Put(c.reply); err != nil {
		return nil, p.notSent(err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		r.SetTimeout(time.Until(deadline))
	}
	if err := p.send(ctx, c.id, r); err != nil {
		p.take(c.id)
		return nil, err
	}
	defer func() {
		if _, ok := p.take(c.id); ok { // it was not answered
			p.cancel(c.id)
		}
	}()
	if err := c.wait(ctx); err != nil {
		return nil, err
	}
	// It is over: nobody else has the reply.
	if err := c.reply.err; err != nil {
		return nil, c.begun(err)
	}
	response, err := p.response(c.reply.whole(), r)
	switch {
	case err != nil:
		return nil, c.begun(err)
	case response.Error != nil:
		return nil, c.begun(fromWire(response.Error))
	}
	return response, c.complete(r, response)
}

// wait hands on what comes until the response is there, and everything before it
// was taken.
func (c *reception) wait(ctx context.Context) error {
	var delay *time.Timer // made when it is needed first
	defer func() {
		if delay != nil {
			delay.Stop()
		}
	}()
	var due <-chan time.Time
	for !c.over {
		if c.taken > 0 { // nobody else changes it
			if delay == nil {
				delay = time.NewTimer(creditDelay)
			} else {
				delay.Reset(creditDelay)
			}
			due = delay.C
		}
		select {
		case <-c.arrived:
		case <-c.reply.done:
			c.over = true
		case <-due:
			c.grant(ctx)
		case <-ctx.Done():
		}
		if err := c.hand(ctx); err != nil {
			return err
		}
	}
	return nil
}

// hand hands on all that has come.
func (c *reception) hand(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return c.begun(endError(ctx, ExecutedMaybe))
		}
		a, ok := c.next()
		if !ok {
			return nil
		}
		if a.event != nil {
			c.to.event(a.event)
			continue
		}
		c.count++
		if err := c.to.item(ctx, a.item); err != nil {
			return err
		}
		if c.took(int64(len(a.item.Bytes()))) && !c.over {
			c.grant(ctx)
		}
	}
}

// grant tells the other end that it may send more. If that can't be sent the link
// is lost, or ctx has ended, and the call with it.
func (c *reception) grant(ctx context.Context) {
	items, bytes := c.credit()
	if items == 0 {
		return
	}
	f := c.peer.newFrame()
	f.Credit(c.id, uint64(items), uint64(bytes))
	_ = c.peer.write(ctx, f, nil)
}

// begun returns err as that of a call whose function ran, if an item of it came.
func (c *reception) begun(err error) error {
	e := asError(err)
	if c.count == 0 || e.Executed == ExecutedYes {
		return e
	}
	begun := *e
	begun.Executed = ExecutedYes
	return &begun
}

// complete checks that no item is missing.
func (c *reception) complete(r *wire.Request, response *wire.Response) error {
	switch {
	case !r.Stream:
	case !response.Streamed:
		return newError(Internal, ExecutedYes, "%s answered without a stream, which it was asked for", c.peer.link.RemoteAddr())
	case response.Items != c.count:
		return newError(Internal, ExecutedYes, "%s has sent %d items, and %d came", c.peer.link.RemoteAddr(), response.Items, c.count)
	}
	return nil
}

// item takes an ITEM from the link. More than the window admits is no item of an
// honest sender: to take it would be to let it choose how much memory it gets.
func (p *peer) item(head wire.FrameHead, body []byte, owned bool) {
	r, ok := p.slots.Get(head.ID)
	if !ok {
		return // of a call that is over
	}
	if !owned {
		body = bytes.Clone(body)
	}
	v, err := wire.DecodeItem(body, p.codecs)
	switch {
	case err != nil:
		p.failCall(head.ID, newError(Internal, ExecutedYes, "an item of %s can't be read: %w", p.link.RemoteAddr(), err))
	case r.inflow == nil || !r.inflow.addItem(v):
		p.failCall(head.ID, newError(Internal, ExecutedYes, "%s sends more items than it was asked for", p.link.RemoteAddr()))
	}
}

// failCall ends a call from the read loop.
func (p *peer) failCall(id uint64, e *Error) {
	if r, ok := p.take(id); ok {
		r.err = e
		r.done <- struct{}{}
		p.cancel(id)
	}
}

// event takes an EVENT from the link. One that nobody asked for is skipped.
func (p *peer) event(head wire.FrameHead, body []byte) {
	r, ok := p.slots.Get(head.ID)
	if !ok || r.inflow == nil {
		return
	}
	e, err := wire.DecodeEvent(body)
	if err != nil {
		p.failCall(head.ID, newError(Internal, ExecutedMaybe, "an event of %s can't be read: %w", p.link.RemoteAddr(), err))
		return
	}
	r.inflow.addEvent(e)
}
