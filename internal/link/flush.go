package link

import (
	"errors"
	"fmt"
	"net"
	"runtime"

	"github.com/gorilla/websocket"
)

const (
	// flushBytes is how much is collected before the socket is written to though
	// more is queued: enough to make the system call cheap, little enough to
	// stay in the cache.
	flushBytes = 64 << 10

	// hereTurns is how many batches a sender writes before it leaves the rest, which
	// others queued, to a goroutine.
	hereTurns = 4

	// pendingYield is from how many pending calls on a sender yields before it writes.
	pendingYield = 3

	// compressFrom is the size from which a message is compressed: below it,
	// deflate saves no packet.
	compressFrom = 1 << 10
)

// There is one flusher at a time, whoever has set flushing: it alone writes to the
// websocket and its connection. A sender flushes by itself what the socket takes
// at once, for a switch to another goroutine costs a tenth of a round trip on
// loopback; whatever could block is left to a goroutine, which ends when the queue
// is empty.

// kick starts a flusher unless there is one; mu is held.
func (l *Link) kick() {
	if l.startFlusher() {
		go l.flushFunc()
	}
}

// flushSoon is kick for what comes from the read loop: it leaves the flushing to
// the reader, until that needs more input. So the answers to many requests that
// were read together are written together. mu is held.
func (l *Link) flushSoon() {
	if !l.conn.processing.Load() {
		l.kick()
	}
}

// beforeRead flushes what flushSoon put off. The reader has cleared processing.
func (l *Link) beforeRead() {
	l.mu.Lock()
	if l.queue.empty() {
		l.mu.Unlock()
		return
	}
	l.flushHere()
}

func (l *Link) startFlusher() bool {
	if l.flushing || l.err != nil {
		return false
	}
	l.flushing = true
	l.flushers.Add(1)
	return true
}

// flushHere flushes without blocking, or starts a goroutine to flush. It is
// entered with mu held and releases it.
func (l *Link) flushHere() {
	if !l.startFlusher() {
		l.mu.Unlock()
		return
	}
	l.yield()
	for range hereTurns {
		if l.err != nil || l.queue.empty() {
			l.stopFlusher()
			return
		}
		if l.conn.now == nil || !l.queue.brief() || !l.writeHere() {
			break
		}
	}
	l.mu.Unlock()
	go l.flushFunc()
}

// writeHere writes a batch that is brief: the websocket only fills conn's buffer.
// It reports whether the socket took it all. mu is held, but not for the write.
func (l *Link) writeHere() bool {
	b := l.queue.take()
	l.crowded = b.count > 1
	l.mu.Unlock()
	err := l.writeMessages(b)
	ok := err == nil && l.conn.flushNow()
	if err != nil {
		l.end(l.writeFailure(err))
	}
	l.mu.Lock()
	l.queue.total -= tally(b.cost)
	l.wakeWaiters()
	l.queue.recycle(b)
	return ok
}

// yield lets other senders add to the batch when there were others lately, or are
// about to be: one system call for many messages is worth more than the
// microsecond. mu is held, but not while others run.
func (l *Link) yield() {
	if l.crowded || l.cfg.Pending != nil && l.cfg.Pending() >= pendingYield {
		l.mu.Unlock()
		runtime.Gosched()
		l.mu.Lock()
	}
}

func (l *Link) stopFlusher() {
	l.flushing = false
	l.mu.Unlock()
	l.flushers.Done()
}

// flush writes until the queue is empty; it runs in a goroutine of its own.
func (l *Link) flush() {
	err := l.conn.flush() // what a sender could not write without blocking
	l.mu.Lock()
	l.yield()
	for err == nil && l.err == nil && !l.queue.empty() {
		b, bye := l.queue.take(), l.queue.takeBye()
		l.crowded = b.count > 1
		l.mu.Unlock()
		if err = l.writeBatch(b); err == nil {
			err = l.writeChunk()
		}
		if err == nil && bye != nil {
			err = l.writeBye(bye)
		}
		l.mu.Lock()
		l.queue.recycle(b)
	}
	if err != nil {
		why := l.writeFailure(err)
		if l.gotBye {
			why = l.closing // the peer said goodbye and did not wait for ours
		}
		l.mu.Unlock()
		l.end(why)
		l.mu.Lock()
	}
	l.conn.clearDeadline()
	l.stopFlusher()
}

// writeBatch writes a batch in parts, and control frames between them: a pong must not
// be late because of what was queued before it.
func (l *Link) writeBatch(b batch) error {
	if err := l.writeControl(); err != nil {
		return err
	}
	for part := range b.parts(flushBytes) {
		err := l.writeMessages(part)
		if err == nil {
			err = l.conn.flush()
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.queue.total -= tally(part.cost)
		l.wakeWaiters()
		l.mu.Unlock()
		if err := l.writeControl(); err != nil {
			return err
		}
	}
	return nil
}

// writeMessages hands messages to the websocket.
func (l *Link) writeMessages(b batch) error {
	for _, m := range b.msgs {
		l.ws.EnableWriteCompression(l.cfg.Compression && len(m.data) >= compressFrom)
		if err := l.ws.WriteMessage(int(m.kind), m.data); err != nil {
			return notClosed(err)
		}
		if m.written != nil {
			close(m.written)
		}
	}
	return nil
}

// writeChunk writes a chunk of the lane whose turn it is: one, so that small frames that
// were queued meanwhile come next.
func (l *Link) writeChunk() error {
	c := &l.chunk
	l.mu.Lock()
	ok := l.queue.bulk.next(c)
	l.mu.Unlock()
	if !ok {
		return nil
	}
	l.ws.EnableWriteCompression(l.cfg.Compression)
	err := notClosed(c.writeTo(l.ws))
	if err == nil && c.last {
		// Other chunks have one more or an abort behind them, which takes along what is
		// left in conn.
		err = l.conn.flush()
	}
	if err != nil {
		*c = chunk{} // the sender's memory does not stay with an ended link
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.queue.bulk.wrote(c) {
		l.wakeWaiters()
	}
	return nil
}

// writeControl writes the pong and the ping that are wanted.
func (l *Link) writeControl() error {
	l.mu.Lock()
	ping, pong := l.queue.ping, l.queue.takePong()
	l.queue.ping = false
	if ping {
		l.alive.writing(l.conn.age())
	}
	l.mu.Unlock()
	if pong != nil {
		if err := notClosed(l.ws.WriteMessage(websocket.PongMessage, pong)); err != nil {
			return err
		}
	}
	if ping {
		if err := notClosed(l.ws.WriteMessage(websocket.PingMessage, nil)); err != nil {
			return err
		}
	}
	if !ping && pong == nil {
		return nil
	}
	err := l.conn.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	if ping {
		l.alive.written(l.conn.age())
	}
	return err
}

// writeBye writes our close frame.
func (l *Link) writeBye(frame []byte) error {
	if err := notClosed(l.ws.WriteMessage(websocket.CloseMessage, frame)); err != nil {
		return err
	}
	if err := l.conn.flush(); err != nil {
		return err
	}
	l.farewell(true, false)
	return nil
}

// notClosed forgets that the websocket library has closed by itself, which it does when it
// reads a protocol error: what is in its way then is not worth more errors.
func notClosed(err error) error {
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}

func (l *Link) writeFailure(err error) error {
	// The websocket library replaces os.ErrDeadlineExceeded by an error of its own.
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fmt.Errorf("link to %s: %w after %v", l.peer, ErrWriteTimeout, l.cfg.WriteTimeout)
	}
	return fmt.Errorf("link to %s: write: %w", l.peer, err)
}
