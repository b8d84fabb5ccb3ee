package mpreg

import (
	"context"
	"slices"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// protocolVersion is the version of the binary protocol that this package
// speaks.
const protocolVersion = 1

// newHello returns what every end says of itself. maxMessage is as in a Config.
func newHello(own codec.Codec, maxMessage int64) *wire.Hello {
	if maxMessage == 0 {
		maxMessage = wire.MaxMessage
	}
	h := &wire.Hello{
		Versions: []int{protocolVersion},
		Codecs:   []string{codec.JSON{}.Name(), codec.CBOR{}.Name()},
		Limits:   wire.Limits{MessageBytes: max(maxMessage, 0)},
	}
	if own != nil && !slices.Contains(h.Codecs, own.Name()) {
		h.Codecs = append(h.Codecs, own.Name())
	}
	return h
}

// greet sends a client's HELLO.
func (p *peer) greet(ctx context.Context, h *wire.Hello) error {
	f := p.newFrame()
	if err := f.Hello(h); err != nil {
		return asError(err)
	}
	return p.write(ctx, f, nil)
}

// meet takes the other end's HELLO.
func (p *peer) meet(body []byte) {
	if p.heard {
		p.Malformed(newError(InvalidRequest, ExecutedNo, "a second HELLO: a link has one of each end"))
		return
	}
	p.heard = true
	h, err := wire.DecodeHello(body)
	if err != nil {
		p.reject(asError(err))
		return
	}
	if !slices.Contains(h.Versions, protocolVersion) {
		p.reject(newError(InvalidRequest, ExecutedNo, "no version in common: this end has %d, the other %v", protocolVersion, h.Versions))
		return
	}
	p.said = h
	p.link.BoundLanes(h.Limits.MessageBytes)
	p.owner.hello(h)
}

// welcome accepts the other end.
func (p *peer) welcome() { close(p.greeted) }

// reject tells the other end why it is not accepted, and closes the link.
func (p *peer) reject(e *Error) {
	p.refusal.CompareAndSwap(nil, e)
	p.refuse(0, e)
	p.link.BeginClose(link.StatusPolicy, e.Message)
}

// acquainted reports whether both ends have accepted each other.
func (p *peer) acquainted() bool {
	select {
	case <-p.greeted:
		return true
	default:
		return false
	}
}

// await waits until the other end has accepted this one.
func (p *peer) await(ctx context.Context) error {
	select {
	case <-p.greeted:
		return nil
	case <-p.link.Done():
	case <-ctx.Done():
	}
	if e := p.refusal.Load(); e != nil {
		return e
	}
	if err := p.link.Err(); err != nil {
		return err
	}
	if p.acquainted() { // at the same moment: the link may be in use
		return nil
	}
	return newError(Unavailable, ExecutedNo, "no HELLO came from %s: %w", p.link.RemoteAddr(), context.Cause(ctx))
}

// expectHello ends the link if no HELLO that is accepted comes in time. What it
// returns has to be stopped.
func (p *peer) expectHello(within time.Duration) *time.Timer {
	return time.AfterFunc(within, func() {
		if !p.acquainted() {
			p.link.BeginClose(link.StatusPolicy, "no HELLO came in time")
		}
	})
}
