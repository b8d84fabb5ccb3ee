package link

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// frameBuffer is the size of the websocket's own write buffer, and so of the
	// fragments in which a client, which must mask, sends a large message.
	frameBuffer = 32 << 10

	// framedDialBuffer and framedAcceptBuffer are the same on framed links. A client
	// masks and writes a chunk in one go. A server's buffer is so small that
	// the websocket library does not copy chunks to it.
	framedDialBuffer   = 64<<10 + 4<<10
	framedAcceptBuffer = 16 << 10

	// pieceBytes is the most that has to be written within one WriteTimeout.
	pieceBytes = 1 << 20

	// handshakeBytes bounds what is read before there is a link: the library that
	// reads a server's answer to the opening request would take any number of headers.
	handshakeBytes = 64 << 10

	// keptBuffer is the largest write buffer that is kept for the next flush.
	keptBuffer = 128 << 10
)

// conn collects the many small writes of a websocket in memory and hands them to the
// network in few system calls. It sits right under the websocket, above TLS.
//
// Write does not touch the network for less than frameBuffer bytes. That makes it
// harmless that the websocket library writes some control frames from the goroutine
// that reads: only the flusher does I/O.
type conn struct {
	net.Conn
	timeout     time.Duration // of a write; none if not positive
	born        time.Time
	heard       atomic.Int64 // nanoseconds after born when bytes last came in
	processing  atomic.Bool  // the reader works on what it has read
	beforeRead  func()       // called by the reader when it needs more bytes
	handshake   bool         // pass everything through; cleared before the conn is shared
	opening     int          // bytes that were read in the handshake
	interrupted bool         // the handshake was

	mu  sync.Mutex // guards buf and interrupted; held for a copy, never for I/O
	buf []byte

	// The flusher's own.
	rest  []byte      // what writeNow left, to be written before buf
	spare []byte      // the buffer that was written last, empty
	pair  [2][]byte   // backs vec
	vec   net.Buffers // for one writev of two slices
	now   *nonblocking
}

func newConn(c net.Conn, timeout time.Duration) *conn {
	return &conn{Conn: c, timeout: timeout, born: time.Now(), handshake: true, now: newNonblocking(c)}
}

// bound sets the size of the socket's send buffer, and twice that as its receive
// buffer's, unless bytes is 0 or there is no socket. A small frame waits behind what
// both ends' buffers hold of a large one: left to itself, the system lets the
// receiver's grow to many MiB.
func (c *conn) bound(bytes int) {
	under := c.Conn
	if t, ok := under.(*tls.Conn); ok {
		under = t.NetConn()
	}
	s, ok := under.(interface {
		SetWriteBuffer(bytes int) error
		SetReadBuffer(bytes int) error
	})
	if ok && bytes > 0 {
		// If it fails, small frames wait longer: no reason to have no link.
		_ = s.SetWriteBuffer(bytes)
		_ = s.SetReadBuffer(2 * bytes)
	}
}

// Read counts any byte as a sign of life, so that a large message on a slow network is
// not silence.
func (c *conn) Read(p []byte) (int, error) {
	if c.beforeRead != nil {
		c.processing.Store(false)
		c.beforeRead()
	}
	n, err := c.Conn.Read(p)
	if c.handshake {
		if c.opening += n; c.opening > handshakeBytes {
			return 0, errHandshake
		}
	}
	c.processing.Store(true)
	if n > 0 {
		c.heard.Store(int64(time.Since(c.born)))
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	if c.handshake {
		return c.Conn.Write(p)
	}
	if len(p) >= frameBuffer {
		return len(p), c.writeOut(p)
	}
	c.mu.Lock()
	c.buf = append(c.buf, p...)
	c.mu.Unlock()
	return len(p), nil
}

// interrupt ends a handshake, at once and for good.
func (c *conn) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interrupted = true
	_ = c.Conn.SetDeadline(time.Unix(1, 0)) // fails if closed, which is as good
}

// SetDeadline is called by the websocket at the begin and the end of a handshake, which
// must not undo an interrupt that came before.
func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupted {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline is called by the websocket before each frame. Deadlines belong to
// the writes that reach the network, so there is nothing to do.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if c.handshake {
		return c.Conn.SetWriteDeadline(t)
	}
	return nil
}

// flush writes what was collected. Only the flusher calls it.
func (c *conn) flush() error { return c.writeOut(nil) }

// flushNow writes what the network takes at once and reports whether that was all. It
// never blocks; an error is left for flush to find.
func (c *conn) flushNow() bool {
	buf := c.swap()
	n := c.now.write(buf)
	c.rest = buf[n:]
	if len(c.rest) > 0 {
		return false
	}
	c.recycle(buf)
	return true
}

// writeOut writes what was collected and then p, uncopied. Each piece has a deadline
// of its own, so that a slow peer that makes progress is not taken for a dead one.
func (c *conn) writeOut(p []byte) error {
	if len(c.rest) > 0 {
		if err := c.writePiece(c.rest, nil); err != nil {
			return err
		}
		c.rest = nil
	}
	buf := c.swap()
	first := p[:min(len(p), pieceBytes)]
	err := c.writePiece(buf, first)
	for p = p[len(first):]; len(p) > 0 && err == nil; p = p[len(first):] {
		first = p[:min(len(p), pieceBytes)]
		err = c.writePiece(first, nil)
	}
	c.recycle(buf)
	return err
}

// swap takes what was collected.
func (c *conn) swap() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	buf := c.buf
	c.buf, c.spare = c.spare, nil
	return buf
}

func (c *conn) recycle(buf []byte) {
	if cap(buf) <= keptBuffer {
		c.spare = buf[:0]
	}
}

// writePiece writes a and then b.
func (c *conn) writePiece(a, b []byte) error {
	c.pair = [2][]byte{a, b}
	c.vec = slices.DeleteFunc(c.pair[:], func(p []byte) bool { return len(p) == 0 })
	if len(c.vec) == 0 {
		return nil
	}
	var deadline time.Time
	if c.timeout > 0 {
		deadline = time.Now().Add(c.timeout)
	}
	if err := c.Conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := c.vec.WriteTo(c.Conn)
	c.pair = [2][]byte{}
	return err
}

// clearDeadline lets flushNow work: an expired deadline would fail it.
func (c *conn) clearDeadline() {
	if c.now != nil {
		_ = c.Conn.SetWriteDeadline(time.Time{}) // fails if closed, which is as good
	}
}

// Close closes the connection without waiting for anything. Closing a TLS connection
// properly could wait 5 s for a peer that does not read; the websocket's close
// frames have already told an end from a truncation.
func (c *conn) Close() error {
	if t, ok := c.Conn.(*tls.Conn); ok {
		return t.NetConn().Close()
	}
	return c.Conn.Close()
}

// lastHeard returns when bytes last came in, as the time since born.
func (c *conn) lastHeard() time.Duration { return time.Duration(c.heard.Load()) }

// age returns the time since born.
func (c *conn) age() time.Duration { return time.Since(c.born) }
