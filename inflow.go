package mpreg

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// The window of a stream: how many items, and bytes of items, the other end may
// send before some were taken. It is the memory that a stream takes here, and has
// to cover what a link carries in one round trip: 64 items are 64,000 a second at
// 1 ms, and 1 MiB is 1 GiB/s. One item may be larger than all of the window.
const (
	streamWindow      = 64
	streamWindowBytes = 1 << 20
)

// creditDelay is how long a receiver that has taken everything waits before it
// says so. It says so at once when half of the window was taken; the rest matters
// only to a sender whose next item is too large for what is left of the window.
const creditDelay = time.Millisecond

// eventsPerCommand bounds the events of a call that wait to be taken: two for
// each attempt. What a node sends beyond is lost, as news may be.
const eventsPerCommand = 8

// inflow is what comes before the response of one call, in order: filled by the
// goroutine that reads the link, emptied by the one that waits for the response.
type inflow struct {
	window      int64 // items; 0: none were asked for
	windowBytes int64
	maxEvents   int
	arrived     chan struct{} // holds a token when there may be something new

	mu     sync.Mutex
	queue  []arrival
	first  int   // in queue; those before it were taken
	events int   // in queue
	items  int64 // that count against the window: those in queue, and those taken without credit
	bytes  int64 // of these
	taken  int64 // without credit
	freed  int64 // bytes of these
}

// arrival is an item, or an event.
type arrival struct {
	event *wire.Event
	item  Value
}

func newInflow(r *wire.Request) *inflow {
	in := &inflow{arrived: make(chan struct{}, 1)}
	if r.Stream {
		in.window, in.windowBytes = int64(r.Window), r.WindowBytes
	}
	if r.Events {
		in.maxEvents = eventsPerCommand * len(r.Commands)
	}
	return in
}

// addItem adds an item, if there is room for it in the window.
func (in *inflow) addItem(v Value) bool {
	size := int64(len(v.Bytes()))
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.items >= in.window || in.bytes > 0 && in.bytes+size > in.windowBytes {
		return false
	}
	in.items++
	in.bytes += size
	in.add(arrival{item: v})
	return true
}

// addEvent adds an event, unless too many wait.
func (in *inflow) addEvent(e *wire.Event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.events >= in.maxEvents {
		return
	}
	in.events++
	in.add(arrival{event: e})
}

// add implements addItem and addEvent; mu is held.
func (in *inflow) add(a arrival) {
	if in.first > 0 && len(in.queue) == cap(in.queue) { // who is a bit behind never empties it
		n := copy(in.queue, in.queue[in.first:])
		clear(in.queue[n:])
		in.queue, in.first = in.queue[:n], 0
	}
	in.queue = append(in.queue, a)
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

// next removes what came first.
func (in *inflow) next() (arrival, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.first == len(in.queue) {
		in.queue, in.first = in.queue[:0], 0
		return arrival{}, false
	}
	a := in.queue[in.first]
	in.queue[in.first] = arrival{}
	in.first++
	if a.event != nil {
		in.events--
	}
	return a, true
}

// took notes that an item of this size was taken, and reports whether credit is
// due at once.
func (in *inflow) took(size int64) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.taken++
	in.freed += size
	return in.taken >= in.window/2 || in.freed >= in.windowBytes/2
}

// credit returns what was taken since it was called last: the other end may send
// as much again.
func (in *inflow) credit() (items, bytes int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	items, bytes = in.taken, in.freed
	in.items -= items
	in.bytes -= bytes
	in.taken, in.freed = 0, 0
	return items, bytes
}

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

// receive is do for a call with a receiver. It is left to by a panic of the
// receiver, too, which is code of an application.
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
