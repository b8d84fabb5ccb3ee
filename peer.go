package mpreg

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// maxCallsPerLink bounds the calls of one end of a link that wait for an answer.
const maxCallsPerLink = 1 << 16

// owner is whose end of a link a peer is at: a node's session, or a client's
// connection. Its methods are called by the goroutine that reads, and do not
// wait.
type owner interface {
	// hello takes the first HELLO of the other end. It calls welcome or reject,
	// then or later.
	hello(h *wire.Hello)
	// request takes a CALL or REQUEST, whole. frame may be kept if it is owned.
	request(h wire.FrameHead, frame []byte, owned bool)
	// requestLarge is request for one that came in pieces, which it may keep.
	requestLarge(h wire.FrameHead, f *link.Large)
	cancel(id uint64)
	// oversized takes what was discarded.
	oversized(h wire.FrameHead, size int64)
	// credit allows for more items, and bytes of items, of a request of the other
	// end.
	credit(id uint64, items, bytes uint64)
	// renew and release are about values that this end holds under leases.
	renew(t wire.Token, d time.Duration)
	release(t wire.Token)
	gossip(g *wire.Gossip)
	goaway(g *wire.Goaway)
	// idle is called when the last call on a link that is given up has ended.
	idle()
	// spoke is called when something comes on a link that was silent.
	spoke()
}

// peer is the other end of a link that carries frames: calls are made on it, and
// what it asks for is handed to the owner of this end. It is the link's Handler.
type peer struct {
	link   *link.Link
	owner  owner
	warn   func(msg string, args ...any) // logs what the other end does
	codecs wire.Codecs
	slots  *link.Slots[*reply]
	name   string // of this end's node; empty at a client

	said      *wire.Hello           // the other end's; set before greeted is closed
	greeted   chan struct{}         // closed when both have accepted each other
	heard     bool                  // a HELLO has come; the reader's own
	refusal   atomic.Pointer[Error] // why one of both ends does not accept the other
	malformed atomic.Bool           // was logged once
	oversized atomic.Bool           // and this
	retired   atomic.Bool           // no further calls are made on the link
	silent    atomic.Bool           // nothing has come for long, and its owner wants to know when something does

	replies sync.Pool // of *reply
	frames  sync.Pool // of *wire.Frame
}

func newPeer(o owner, codecs wire.Codecs) *peer {
	return &peer{owner: o, codecs: codecs, slots: link.NewSlots[*reply](maxCallsPerLink), greeted: make(chan struct{})}
}

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

func (p *peer) newFrame() *wire.Frame {
	f, ok := p.frames.Get().(*wire.Frame)
	if !ok {
		return new(wire.Frame)
	}
	f.Reset()
	return f
}

// write queues a frame, and gives it back to those that are used again; see
// [link.Link.SendParts].
func (p *peer) write(ctx context.Context, f *wire.Frame, queued func()) error {
	var few [4][]byte
	err := p.link.SendParts(ctx, f.Parts(few[:0]), queued)
	if err == nil { // else some of it may still be on its way
		p.frames.Put(f)
	}
	return err
}

// cancel tells the other end that nobody waits for an answer any more.
func (p *peer) cancel(id uint64) {
	f := p.newFrame()
	defer p.frames.Put(f)
	f.Cancel(id)
	var few [1][]byte
	_ = p.link.TrySend(link.Binary, f.Parts(few[:0])[0])
}

// try queues a frame from where nothing may wait. A peer that fills the queue
// with what it does not read loses its link.
func (p *peer) try(fill func(*wire.Frame)) {
	f := p.newFrame()
	defer p.frames.Put(f)
	fill(f)
	p.tryFrame(f)
}

func (p *peer) tryFrame(f *wire.Frame) {
	err := p.link.TrySend(link.Binary, bytes.Join(f.Parts(nil), nil))
	if errors.Is(err, link.ErrQueueFull) {
		p.link.Abort(err) // a link that is closing already has answers to write
	}
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

// Message implements link.Handler.
func (p *peer) Message(kind link.Kind, frame []byte) { p.handle(frame, kind == link.LargeFrame) }

// Large implements link.LargeHandler. The pieces of an answer are joined by who
// waits for it, those of a request by who works on it: the read loop goes on.
func (p *peer) Large(f *link.Large) {
	head, _, err := wire.DecodeFrameHead(f.Head())
	switch {
	case err != nil || !p.acquainted():
		p.handle(f.Join(), true)
	case head.Kind == wire.KindResult:
		p.notice()
		if r, ok := p.take(head.ID); ok {
			r.large = f
			r.done <- struct{}{}
		}
	case head.Kind == wire.KindCall, head.Kind == wire.KindRequest:
		p.notice()
		p.owner.requestLarge(head, f)
	default:
		p.handle(f.Join(), true)
	}
}

// notice is called when something comes.
func (p *peer) notice() {
	if p.silent.Load() && p.silent.CompareAndSwap(true, false) {
		p.owner.spoke()
	}
}

// handle takes a frame, which may be kept if it is owned.
func (p *peer) handle(frame []byte, owned bool) {
	p.notice()
	head, body, err := wire.DecodeFrameHead(frame)
	if err != nil {
		p.Malformed(err)
		return
	}
	switch {
	case head.Kind == wire.KindHello:
		p.meet(body)
	case head.Kind == wire.KindError && head.ID == 0:
		p.complaint(head, body)
	case !p.acquainted():
		p.stranger(head)
	default:
		p.frame(head, body, frame, owned)
	}
}

// stranger handles what comes before both ends know each other.
func (p *peer) stranger(head wire.FrameHead) {
	switch head.Kind {
	case wire.KindResult, wire.KindError, wire.KindCancel, wire.KindItem, wire.KindEvent,
		wire.KindCredit, wire.KindRenew, wire.KindRelease:
		// About no call that there is. An answer to an answer has no end.
	default:
		p.refuse(head.ID, newError(InvalidRequest, ExecutedNo, "the first frame of a link is HELLO, and got %v", head.Kind))
	}
}

// frame handles what comes once both ends know each other.
func (p *peer) frame(head wire.FrameHead, body, frame []byte, owned bool) {
	switch head.Kind {
	case wire.KindResult, wire.KindError:
		p.answer(head.ID, frame, owned)
	case wire.KindCall, wire.KindRequest, wire.KindFetch:
		p.owner.request(head, frame, owned)
	case wire.KindCancel:
		p.owner.cancel(head.ID)
	case wire.KindItem:
		p.item(head, body, owned)
	case wire.KindEvent:
		p.event(head, body)
	case wire.KindCredit, wire.KindRenew, wire.KindRelease:
		p.note(head, body)
	case wire.KindGossip:
		if g, err := wire.DecodeGossip(body); err != nil {
			p.Malformed(err)
		} else {
			p.owner.gossip(g)
		}
	case wire.KindGoaway:
		if g, err := wire.DecodeGoaway(body); err != nil {
			p.Malformed(err)
		} else {
			p.owner.goaway(g)
		}
	default:
		if head.Flags&wire.FlagIgnorable == 0 {
			p.refuse(head.ID, newError(InvalidRequest, ExecutedNo, "unknown kind of frame: %v", head.Kind))
		}
	}
}

// note handles what is not answered, about requests and values of the other end.
func (p *peer) note(head wire.FrameHead, body []byte) {
	switch head.Kind {
	case wire.KindCredit:
		if items, size, err := wire.DecodeCredit(body); err != nil {
			p.Malformed(err)
		} else {
			p.owner.credit(head.ID, items, size)
		}
	case wire.KindRenew:
		if token, d, err := wire.DecodeRenew(body); err != nil {
			p.Malformed(err)
		} else {
			p.owner.renew(token, d)
		}
	case wire.KindRelease:
		if token, err := wire.DecodeRelease(body); err != nil {
			p.Malformed(err)
		} else {
			p.owner.release(token)
		}
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

// Oversized implements link.Handler.
func (p *peer) Oversized(_ link.Kind, frame []byte, size int64) {
	head, _, err := wire.DecodeFrameHead(frame)
	if err != nil {
		p.Malformed(err)
		return
	}
	switch head.Kind {
	case wire.KindResult, wire.KindError:
		if r, ok := p.take(head.ID); ok {
			e := newError(ResourceExhausted, ExecutedYes, "the answer has %d bytes, more than this end takes: see WithMaxMessageBytes and Config.MaxMessageBytes", size)
			e.Details = map[string]any{wire.DetailLimit: "message_bytes"}
			r.err = e
			r.done <- struct{}{}
		}
	case wire.KindHello:
		p.reject(newError(ResourceExhausted, ExecutedNo, "a HELLO of %d bytes, more than this end takes: see Config.MaxMessageBytes", size))
	case wire.KindItem:
		e := newError(ResourceExhausted, ExecutedYes, "an item has %d bytes, more than this end takes: see WithMaxMessageBytes and Config.MaxMessageBytes", size)
		e.Details = map[string]any{wire.DetailLimit: "message_bytes"}
		p.failCall(head.ID, e)
	default:
		if p.oversized.CompareAndSwap(false, true) {
			p.warn("frame over the limit discarded; further ones of this link are not logged", "kind", head.Kind.String(), "bytes", size)
		}
		p.owner.oversized(head, size)
	}
}

// Malformed implements link.Handler: what can't be read is answered, and logged
// once; the link lives.
func (p *peer) Malformed(err error) {
	if p.malformed.CompareAndSwap(false, true) {
		p.warn("malformed frame; further ones of this link are not logged", "err", err)
	}
	e, ok := errors.AsType[*wire.Error](err)
	if !ok {
		e = wire.Errorf(wire.InvalidRequest, "%v", err)
	}
	p.refuse(0, fromWire(e))
}

// refuse answers from the read loop.
func (p *peer) refuse(id uint64, e *Error) {
	e = e.at("", "", p.name)
	if e.Executed == ExecutedMaybe {
		e.Executed = ExecutedNo
	}
	p.try(func(f *wire.Frame) {
		_ = f.Response(id, &wire.Response{Error: e.toWire()}, 0) // which has no value that could not be written
	})
}

// complaint is an error about the link as a whole. It is not answered: two ends
// that complain about each other would never stop.
func (p *peer) complaint(head wire.FrameHead, body []byte) {
	response, err := wire.DecodeFrameResponse(head, body, p.codecs)
	if err != nil || response.Error == nil {
		return
	}
	e := fromWire(response.Error)
	if p.refusal.CompareAndSwap(nil, e) && p.acquainted() { // else whoever dialed says so
		p.warn("the other end complains", "code", int(e.Code), "err", e.Message)
	}
}

// knownCodecs returns what finds a codec by its name, at an end that was given
// one of its own.
func knownCodecs(own codec.Codec) wire.Codecs {
	return func(name string) codec.Codec {
		switch {
		case own != nil && name == own.Name():
			return own
		case name == codec.CBOR{}.Name():
			return codec.CBOR{}
		case name == codec.JSON{}.Name():
			return codec.JSON{}
		}
		return nil
	}
}
