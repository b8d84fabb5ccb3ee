package mpreg

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// largeMessage is the size in bytes from which a link does not copy what it
// sends, so that Send may fail for a message that goes out all the same.
const largeMessage = 64 << 10

// maxCallsPerLink bounds the calls of a client that wait for an answer.
const maxCallsPerLink = 1 << 16

// conn is a client's connection to a cluster: whichever link is up to one of its
// nodes. It is a caller.
type conn struct {
	urls    []string
	options *clientOptions
	log     *slog.Logger
	dialer  *link.Dialer

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
	l, err := link.Dial(ctx, url, link.DialOptions{
		Header:  bearer(c.options.token),
		TLS:     c.options.tls,
		NetDial: c.options.dial,
	}, link.Config{Logger: c.log, MaxMessage: c.options.maxMessage})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links[l] = &clientLink{link: l, slots: link.NewSlots[*reply](maxCallsPerLink)}
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
	cl.fail(err)
	return err
}

// live returns the link that calls go on now.
func (c *conn) live(ctx context.Context) (*clientLink, error) {
	l, err := c.dialer.Link(ctx)
	switch {
	case err == nil:
	case errors.Is(err, link.ErrClosed):
		return nil, &Error{Code: Unavailable, Message: "the client is closed", Executed: ExecutedNo, cause: ErrClosed}
	case ctx.Err() != nil:
		e := contextError(ctx.Err(), ExecutedNo)
		e.Message = "not connected: " + err.Error()
		return nil, e
	default:
		return nil, newError(Unavailable, ExecutedNo, "not connected: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl := c.links[l]; cl != nil {
		return cl, nil
	}
	return nil, newError(Unavailable, ExecutedNo, "the link to %s was just lost: try again", l.RemoteAddr())
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
	return c.dialer.Close()
}

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
		if len(message) > largeMessage {
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

// fail ends the calls on a link that is gone.
func (cl *clientLink) fail(cause error) {
	e := newError(Unavailable, ExecutedMaybe, "the link was lost before the answer came: %w", cause)
	if closed, ok := errors.AsType[*link.CloseError](cause); ok && closed.Code == link.StatusGoingAway && closed.Reason == drainedReason {
		// The node closes behind its last answer: it never began the rest.
		e = newError(Unavailable, ExecutedNo, "the node stopped before it took the request: %w", cause)
	}
	for _, r := range cl.slots.Close() {
		r.err = e
		r.done <- struct{}{}
	}
}
