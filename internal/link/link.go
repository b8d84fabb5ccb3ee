// Package link makes a websocket a link: one bidirectional, ordered stream of
// messages between two processes, with bounded queues, coalesced writes, keepalive
// and an orderly end. Both ends of a connection are the same type, [Link], made by
// [Accept] or [Dial]; a [Dialer] keeps one up. [Slots] is what a
// protocol of requests and replies on a link needs beside it.
//
// A link carries websocket messages or, if both ends agreed on that, frames: see
// [Link.Framed].
//
// A link has one goroutine of its caller's that reads, in [Link.Serve], and none that
// waits to write: whoever sends writes what the socket takes at once, where that
// can be told, and starts a goroutine for the rest, which ends when the queue is
// empty. So a peer that stops reading can not hold up a sender beyond its
// context, nor a read loop at all.
package link

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// closeTimeout bounds how long a link lives on when the first of the two close frames
// has crossed. To hang up before the peer did can cost it what was written last: the
// kernel resets a connection that has unread bytes. A peer that is starved of CPU
// can take seconds; one that never answers costs a goroutine for this long.
const closeTimeout = 5 * time.Second

// Handler receives what a link reads. Its methods are called by the goroutine of
// [Link.Serve], one at a time: while one runs nothing is read, so they must
// not wait for the peer, and answer with TrySend.
type Handler interface {
	// Message is called for each message, in order. data is reused after it returns,
	// but for a LargeFrame's, which is the Handler's to keep. Frames are in order among
	// themselves; a LargeFrame comes when its last chunk does, unless the Handler is
	// a LargeHandler.
	Message(kind Kind, data []byte)

	// Oversized is called instead for a message of more than Config.MaxMessage
	// bytes. head is its beginning, at least 64 KiB if there was as much, and
	// reused after the call; the rest was discarded. size is the whole
	// message's, or, above 4 × MaxMessage, what was read of it: then the
	// link is about to be closed with StatusTooBig. A message whose compressed
	// form is refused by its announced length has no head and size 0.
	//
	// Of a LargeFrame, head has the first 4 KiB or more, if so much was sent, and
	// size is what the peer announced. It is also called for frames of any size that
	// find more of them, or more bytes, in arrival than a link allows.
	Oversized(kind Kind, head []byte, size int64)

	// Malformed is called on a framed link for bytes that are no frames, at most
	// once for a websocket message, after what could be read of it. err says what is
	// wrong. The link lives.
	Malformed(err error)
}

// LargeHandler is a Handler that gets large frames as they are: to join their pieces, which
// holds up all other messages by 20 ms for 100 MiB, is left to it.
type LargeHandler interface {
	Handler

	// Large is called instead of Message for each LargeFrame, which is the Handler's.
	Large(f *Large)
}

// Link is one websocket. Its methods may be called by any number of goroutines,
// Serve once. It must be served: only then does it see the peer's messages,
// close frame, and silence. It needs no Close once Serve has returned.
type Link struct {
	cfg         Config
	ws          *websocket.Conn
	conn        *conn
	peer        string
	subprotocol string
	framed      bool
	done        chan struct{}
	flushers    sync.WaitGroup // Add only under mu while err is nil

	limit     atomic.Int64 // of a message
	deaf      atomic.Bool  // closing is set: messages that arrive are dropped
	flushFunc func()       // flush, bound once so that starting it allocates nothing
	chunk     chunk        // the flusher's own

	mu       sync.Mutex
	queue    queue
	flushing bool          // a flusher runs
	crowded  bool          // the last batch had several messages or frames
	room     chan struct{} // closed when the queue has shrunk; nil if nobody waits
	alive    keepalive
	timer    *time.Timer // keepalive, then the wait for the peer's close frame
	due      time.Time   // when timer goes off
	closing  error       // why the link closes, once it does: nothing is queued any more
	sentBye  bool        // our close frame is written
	gotBye   bool        // the peer's close frame is read, or nothing can be read
	err      error       // why the link ended
}

func newLink(ws *websocket.Conn, c *conn, cfg Config) *Link {
	c.handshake = false
	l := &Link{
		cfg: cfg, ws: ws, conn: c,
		peer:        c.RemoteAddr().String(),
		subprotocol: ws.Subprotocol(),
		framed:      cfg.Framed != "" && ws.Subprotocol() == cfg.Framed,
		done:        make(chan struct{}),
	}
	l.Trust()
	if cfg.Untrusted > 0 {
		l.limit.Store(min(cfg.Untrusted, cfg.MaxMessage))
	}
	l.flushFunc = l.flush
	l.alive = keepalive{interval: cfg.PingInterval, timeout: cfg.PingTimeout}
	c.beforeRead = l.beforeRead
	c.processing.Store(false) // the reader starts with Serve
	if l.framed {
		c.bound(cfg.SendBuffer)
	}
	l.prepareRead()
	return l
}

// Trust ends the time in which Config.Untrusted bounds messages.
func (l *Link) Trust() { l.limit.Store(l.cfg.MaxMessage) }

// Done is closed when the link has ended: nothing is sent or received any more.
func (l *Link) Done() <-chan struct{} { return l.done }

// Err returns why the link ended, nil while it has not: a *[CloseError] if an end
// closed it, an error that matches [ErrWriteTimeout] or [ErrSilent], what Abort was given, or
// what broke the connection.
func (l *Link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Subprotocol returns what both ends agreed on, empty if nothing.
func (l *Link) Subprotocol() string { return l.subprotocol }

// RemoteAddr returns the peer's network address, for people to read.
func (l *Link) RemoteAddr() string { return l.peer }

// LastHeard returns when bytes last came in from the peer, whatever they were.
func (l *Link) LastHeard() time.Time { return l.conn.born.Add(l.conn.lastHeard()) }

// Close ends the link in order: what is queued is written, then a close frame with
// code and reason (of which the first 123 bytes are sent), then the peer's close
// frame is awaited, for 5 s at most. Messages that still arrive are
// dropped, further Sends fail. Close returns when the link's goroutines have ended:
// nil after a close by either end, otherwise Err. If the link is
// closing already it only waits. A Handler uses BeginClose, because Close waits for
// a frame that only Serve can read.
func (l *Link) Close(code int, reason string) error {
	l.BeginClose(code, reason)
	<-l.done
	l.flushers.Wait()
	err := l.Err()
	if _, ok := errors.AsType[*CloseError](err); ok {
		return nil
	}
	return err
}

// BeginClose starts what Close does and returns at once.
func (l *Link) BeginClose(code int, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beginClose(code, reason, &CloseError{Peer: l.peer, Code: code, Reason: reason})
}

func (l *Link) beginClose(code int, reason string, why error) {
	if l.err != nil || l.closing != nil {
		return
	}
	l.closing = why
	l.deaf.Store(true)
	l.queue.bye = websocket.FormatCloseMessage(code, clip(reason, 123))
	l.wakeWaiters()
	l.kick()
}

// Abort ends the link at once, without a close frame: what is queued is lost. err is
// wrapped by what Err returns; it may be nil. Abort does not wait.
func (l *Link) Abort(err error) {
	if err == nil {
		l.end(fmt.Errorf("link to %s: aborted", l.peer))
		return
	}
	l.end(fmt.Errorf("link to %s: aborted: %w", l.peer, err))
}

// end is the one place where a link ends. The first cause stays.
func (l *Link) end(err error) {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = err
	l.queue.drop()
	if l.timer != nil {
		l.timer.Stop()
	}
	close(l.done)
	l.mu.Unlock()
	_ = l.conn.Close() // it has no bytes left that matter
	l.cfg.Logger.Debug("link ended", slog.String("peer", l.peer), slog.Any("err", err))
}

// farewell notes a close frame that was sent or got. It ends the link when both have
// crossed, and sees to it that the second is not awaited for ever.
func (l *Link) farewell(sent, got bool) {
	l.mu.Lock()
	l.sentBye = l.sentBye || sent
	l.gotBye = l.gotBye || got
	why, both := l.closing, l.sentBye && l.gotBye
	if !both && l.err == nil {
		l.arm(closeTimeout)
	}
	l.mu.Unlock()
	if both {
		l.end(why)
	}
}

// arm sets the link's one timer; mu is held.
func (l *Link) arm(d time.Duration) {
	l.due = time.Now().Add(d)
	if l.timer == nil {
		l.timer = time.AfterFunc(d, l.tick)
		return
	}
	l.timer.Reset(d)
}

// clip cuts s to at most n bytes of valid UTF-8, as a close frame's reason has to be.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
