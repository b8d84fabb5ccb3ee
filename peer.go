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
