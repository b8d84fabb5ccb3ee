package mpreg

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// maxCallsPerLink bounds the calls of a client that wait for an answer.
const maxCallsPerLink = 1 << 16

// conn is a client's connection to a cluster: whichever link is up to one of its
// nodes. It is a caller.
type conn struct {
	urls    []string
	options *clientOptions
	log     *slog.Logger
	dialer  *link.Dialer

	closed atomic.Bool

	mu    sync.Mutex
	links map[*link.Link]*clientLink // those that the dialer knows: one, or two while one replaces another
}

func newConn(urls []string, o *clientOptions) *conn {
	c := &conn{urls: urls, options: o, log: o.logger, links: make(map[*link.Link]*clientLink)}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.dialer = link.NewDialer(link.DialerConfig{URLs: urls, Dial: c.dial, Serve: c.serve, Logger: c.log})
	return c
}

func (c *conn) codec() codec.Codec { return codec.JSON{} }

// dial opens a link and gets it ready for calls before anybody can see it.
func (c *conn) dial(ctx context.Context, url string) (*link.Link, error) {
	cl := &clientLink{slots: link.NewSlots[*reply](maxCallsPerLink)}
	l, err := link.Dial(ctx, url, link.DialOptions{
		Header:  bearer(c.options.token),
		TLS:     c.options.tls,
		NetDial: c.options.dial,
	}, link.Config{Logger: c.log, MaxMessage: c.options.maxMessage, Pending: cl.slots.Len})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	cl.link = l
	c.links[l] = cl
	return l, nil
}

// serve reads a link until it ends, and then fails the calls on it.
func (c *conn) serve(l *link.Link) error {
	c.mu.Lock()
	cl := c.links[l]
	c.mu.Unlock()
	err := l.Serve(cl)
	c.mu.Lock()
	delete(c.links, l)
	c.mu.Unlock()
	if c.closed.Load() {
		cl.fail(errClosed(ExecutedMaybe))
	} else {
		cl.fail(lostError(err))
	}
	return err
}

func errClosed(executed Executed) *Error {
	return &Error{Code: Unavailable, Message: "the client is closed", Executed: executed, cause: ErrClosed}
}

// live returns the link that calls go on now.
func (c *conn) live(ctx context.Context) (*clientLink, error) {
	l, err := c.dialer.Link(ctx)
	switch {
	case err == nil:
	case errors.Is(err, link.ErrClosed):
		return nil, errClosed(ExecutedNo)
	case ctx.Err() != nil:
		e := contextError(ctx.Err(), ExecutedNo)
		e.Message = "not connected: " + err.Error()
		return nil, e
	default:
		return nil, notConnected(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl := c.links[l]; cl != nil {
		return cl, nil
	}
	return nil, newError(Unavailable, ExecutedNo, "the link to %s was just lost: try again", l.RemoteAddr())
}

// notConnected is the error of a call when there is no link. What a node said
// instead of letting the client in tells a wrong token from a node that is gone.
func notConnected(err error) *Error {
	code := Unavailable
	if status, ok := errors.AsType[*link.StatusError](err); ok {
		switch status.Code {
		case http.StatusUnauthorized:
			code = Unauthenticated
		case http.StatusForbidden:
			code = PermissionDenied
		}
	}
	return newError(code, ExecutedNo, "not connected: %w", err)
}

// do sends a request and waits for its answer.
func (c *conn) do(ctx context.Context, r *wire.Request) (*wire.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err, ExecutedNo)
	}
	cl, err := c.live(ctx)
	if err != nil {
		return nil, err
	}
	reply := cl.newReply()
	id, err := cl.slots.Put(reply)
	if err != nil {
		if c.closed.Load() {
			return nil, errClosed(ExecutedNo)
		}
		return nil, cl.notSent(err)
	}
	r.U = strconv.FormatUint(id, 36)
	if deadline, ok := ctx.Deadline(); ok {
		r.SetTimeout(time.Until(deadline))
	}
	if err := cl.send(ctx, r); err != nil {
		cl.forget(id, reply)
		return nil, err
	}
	select {
	case <-reply.done:
	case <-ctx.Done():
		if _, ok := cl.slots.Take(id); ok {
			// Nobody else has the reply now. The node knows of the deadline; of
			// a cancel it need not know for this to be right, only to be cheap.
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				_ = cl.link.TrySend(link.Text, wire.AppendCancel(nil, r.U))
			}
			cl.recycle(reply)
			return nil, contextError(ctx.Err(), ExecutedMaybe)
		}
		<-reply.done
	}
	message, err := reply.message, reply.err
	cl.recycle(reply)
	if err != nil {
		return nil, err
	}
	response, err := wire.DecodeResponse(message)
	if err != nil {
		return nil, newError(Internal, ExecutedMaybe, "the answer of %s can't be read: %w", cl.link.RemoteAddr(), err)
	}
	return response, nil
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
	}
	return c.dialer.Close()
}
