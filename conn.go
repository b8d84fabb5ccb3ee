package mpreg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// conn is a client's connection to a cluster: whichever link is up to one of its
// nodes. It is a caller.
type conn struct {
	urls    []string
	options *clientOptions
	log     *slog.Logger
	dialer  *link.Dialer

	retries route.Budget
	closed  atomic.Bool
	serving sync.WaitGroup // the readers of links

	mu    sync.Mutex
	links map[*link.Link]*clientLink // those that have not ended: one, or more while one replaces another
}

func newConn(urls []string, o *clientOptions) *conn {
	c := &conn{urls: urls, options: o, log: o.logger, links: make(map[*link.Link]*clientLink)}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.dialer = link.NewDialer(link.DialerConfig{URLs: urls, Dial: c.dial, Serve: c.serve, Logger: c.log})
	return c
}

func (c *conn) codec() codec.Codec {
	if c.options.codec != nil {
		return c.options.codec
	}
	return codec.JSON{}
}

// clientLink is a client's end of a link. It is the owner of its peer.
type clientLink struct {
	*peer
	leaving chan struct{} // closed by leave
	left    sync.Once
	ended   chan struct{} // closed when the link's reader has returned
	err     error         // why it did
}

// dial opens a link and gets it ready for calls before anybody can see it.
func (c *conn) dial(ctx context.Context, url string) (*link.Link, error) {
	cl := &clientLink{leaving: make(chan struct{}), ended: make(chan struct{})}
	cl.peer = newPeer(cl, knownCodecs(c.options.codec))
	l, err := link.Dial(ctx, url, link.DialOptions{
		Header:  bearer(c.options.token),
		TLS:     c.options.tls,
		NetDial: c.options.dial,
	}, link.Config{Logger: c.log, MaxMessage: c.options.maxMessage, Framed: wire.Subprotocol, Pending: cl.slots.Len})
	if err != nil {
		return nil, err
	}
	if !l.Framed() {
		l.Abort(nil)
		return nil, fmt.Errorf("%s is no mpreg node: it does not speak %s", url, wire.Subprotocol)
	}
	cl.link, cl.warn = l, c.log.With("peer", l.RemoteAddr()).Warn
	c.mu.Lock()
	c.links[l] = cl
	c.mu.Unlock()
	c.serving.Go(func() { c.read(cl) })
	if err = cl.greet(ctx, newHello(c.options.codec, c.options.maxMessage)); err == nil {
		err = cl.await(ctx)
	}
	if err != nil {
		l.Abort(err)
		<-cl.ended
		return nil, err
	}
	return l, nil
}

// read reads a link until it ends, and then fails the calls on it.
func (c *conn) read(cl *clientLink) {
	defer close(cl.ended)
	cl.err = cl.link.Serve(cl.peer)
	c.mu.Lock()
	delete(c.links, cl.link)
	c.mu.Unlock()
	if c.closed.Load() {
		cl.fail(errClosed(ExecutedMaybe))
	} else {
		cl.fail(lostError(cl.err))
	}
}

// serve waits until a link is of no use for further calls. One whose node drains
// lives on until that has answered what was asked before.
func (c *conn) serve(l *link.Link) error {
	c.mu.Lock()
	cl := c.links[l]
	c.mu.Unlock()
	if cl == nil {
		return l.Err()
	}
	select {
	case <-cl.ended:
		return cl.err
	case <-cl.leaving:
		return errors.New("the node takes no further requests")
	}
}

func errClosed(executed Executed) *Error {
	return &Error{Code: Unavailable, Message: "the client is closed", Executed: executed, cause: ErrClosed}
}

// accept is how a request asks for results in a codec. JSON goes without saying.
func accept(c codec.Codec) string {
	if _, ok := c.(codec.JSON); ok {
		return ""
	}
	return c.Name()
}

// live returns the link that calls go on now. While there is none it waits for the
// attempt to connect that is under way and, if patient, for the next one.
func (c *conn) live(ctx context.Context, patient bool) (*clientLink, error) {
	connect := c.dialer.Link
	if patient {
		connect = func(ctx context.Context) (*link.Link, error) { return c.dialer.Next(ctx, nil) }
	}
	l, err := connect(ctx)
	for range maxLost {
		if err != nil {
			return nil, unlinked(ctx, err)
		}
		if cl := c.usable(l); cl != nil {
			return cl, nil
		}
		l, err = c.dialer.Next(ctx, l) // the dialer is about to see that
	}
	return nil, newError(Unavailable, ExecutedNo, "the links to %d nodes were lost as soon as they were made: try again later", maxLost)
}

// maxLost bounds the links that one call finds lost, or about to be.
const maxLost = 3

// usable returns the client's end of a link that may have further requests; nil if
// it is lost, or its node drains.
func (c *conn) usable(l *link.Link) *clientLink {
	c.mu.Lock()
	defer c.mu.Unlock()
	cl := c.links[l]
	if cl == nil || cl.gone() {
		return nil
	}
	return cl
}

// unlinked is the error of a call for which there is no link.
func unlinked(ctx context.Context, err error) *Error {
	switch {
	case errors.Is(err, link.ErrClosed):
		return errClosed(ExecutedNo)
	case ctx.Err() != nil:
		e := contextError(ctx.Err(), ExecutedNo)
		e.Message = "not connected: " + err.Error()
		return e
	default:
		return notConnected(err)
	}
}

// notConnected is the error of a call when there is no link. What a node said
// instead of letting the client in tells a wrong token from a node that is gone.
func notConnected(err error) *Error {
	code := Unavailable
	if status, ok := errors.AsType[*link.StatusError](err); ok {
		switch status.Code {
		case http.StatusUnauthorized:
			return newError(Unauthenticated, ExecutedNo, "the token was refused: %w", err)
		case http.StatusForbidden:
			code = PermissionDenied
		}
	}
	if refusal, ok := errors.AsType[*Error](err); ok && refusal.Code != Unavailable {
		code = refusal.Code
	}
	return newError(code, ExecutedNo, "not connected: %w", err)
}

// attempt sends a request on a link and waits for its answer.
func (c *conn) attempt(ctx context.Context, cl *clientLink, r *wire.Request, to receiver) (*wire.Response, error) {
	response, err := cl.do(ctx, r, to)
	if err != nil && c.closed.Load() && errors.Is(err, link.ErrClosed) {
		return nil, errClosed(asError(err).Executed)
	}
	return response, err
}

func (c *conn) ready(ctx context.Context) error {
	err := c.dialer.Ready(ctx)
	if errors.Is(err, link.ErrClosed) {
		return ErrClosed
	}
	return err
}

func (c *conn) close() error {
	c.closed.Store(true)
	c.mu.Lock()
	links := slices.Collect(maps.Values(c.links))
	c.mu.Unlock()
	for _, cl := range links {
		cl.fail(errClosed(ExecutedMaybe)) // without waiting for the close handshake
		cl.link.BeginClose(link.StatusNormal, "")
	}
	err := c.dialer.Close()
	c.serving.Wait()
	return err
}

// hello implements owner.
func (cl *clientLink) hello(*wire.Hello) { cl.welcome() }

// request implements owner.
func (cl *clientLink) request(h wire.FrameHead, _ []byte, _ bool) {
	cl.refuse(h.ID, newError(NotFound, ExecutedNo, "a client offers no functions"))
}

// requestLarge implements owner.
func (cl *clientLink) requestLarge(h wire.FrameHead, _ *link.Large) { cl.request(h, nil, false) }

// oversized implements owner.
func (cl *clientLink) oversized(h wire.FrameHead, size int64) {
	cl.refuse(h.ID, newError(ResourceExhausted, ExecutedNo, "the frame has %d bytes, more than this client takes", size))
}

// cancel implements owner.
func (cl *clientLink) cancel(uint64) {}

// gossip implements owner: no node gossips with a client.
func (cl *clientLink) gossip(*wire.Gossip) {}

// spoke implements owner.
func (cl *clientLink) spoke() {}

// credit implements owner: no node takes items of a client.
func (cl *clientLink) credit(uint64, uint64, uint64) {}

// renew implements owner: a client holds nothing for others.
func (cl *clientLink) renew(wire.Token, time.Duration) {}

// release implements owner.
func (cl *clientLink) release(wire.Token) {}

// goaway implements owner.
func (cl *clientLink) goaway(*wire.Goaway) { cl.leave() }

// leave has further requests go on another link. What was sent on this one is
// still answered.
func (cl *clientLink) leave() { cl.left.Do(func() { close(cl.leaving) }) }

// gone reports whether leave was called.
func (cl *clientLink) gone() bool {
	select {
	case <-cl.leaving:
		return true
	default:
		return false
	}
}

// idle implements owner.
func (cl *clientLink) idle() {}

// lostError is the error of calls on a link that was lost.
func lostError(cause error) *Error {
	if closed, ok := errors.AsType[*link.CloseError](cause); ok && closed.Code == link.StatusGoingAway && closed.Reason == drainedReason {
		// The node closes behind its last answer: it never began the rest.
		return newError(Unavailable, ExecutedNo, "the node stopped before it took the request: %w", cause)
	}
	return newError(Unavailable, ExecutedMaybe, "the link was lost before the answer came: %w", cause)
}
