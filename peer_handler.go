package mpreg

import (
	"errors"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

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
