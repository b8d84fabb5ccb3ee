package main

import (
	"net"
	"os"
	"sync"
	"time"
)

// conn is a host's end of a TCP connection. Over a cut cable nothing is read: what
// the other end writes stays in the system's buffers, as if it were on its way, until
// these are full. Nothing is lost, as TCP would repeat it, and nobody is told. There
// is one reader at a time, as those that use it have it.
type conn struct {
	net.Conn
	host  *host
	other int // the number of the host at the other end

	readBy, writeBy deadline
	closing         sync.Once
	closed          chan struct{}

	// What was read after the cable was cut: it has not arrived.
	held    []byte
	heldErr error
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.held) == 0 && c.heldErr == nil {
		if err := c.pass(&c.readBy); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if c.cables().reach(c.host.number, c.other) || os.IsTimeout(err) { // a deadline is this end's own
			return n, err
		}
		c.held, c.heldErr = append(c.held, p[:n]...), err
	}
	if err := c.pass(&c.readBy); err != nil {
		return 0, err
	}
	n := copy(p, c.held)
	if c.held = c.held[n:]; len(c.held) > 0 {
		return n, nil
	}
	err := c.heldErr
	c.held, c.heldErr = nil, nil
	return n, err
}

// Write implements net.Conn. That the other end is gone is learned over a whole cable
// only.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.host.network.sent.Add(int64(n))
	if err != nil && !os.IsTimeout(err) {
		if waited := c.pass(&c.writeBy); waited != nil {
			return n, waited
		}
	}
	return n, err
}

func (c *conn) cables() *cables { return c.host.network.cables.Load() }

// pass waits until the cable is whole. The error is os.ErrDeadlineExceeded or
// net.ErrClosed.
func (c *conn) pass(by *deadline) error {
	for {
		cables := c.cables()
		if cables.reach(c.host.number, c.other) {
			return nil
		}
		if err := c.wait(cables, by); err != nil {
			return err
		}
	}
}

// wait waits for other cables, or another deadline.
func (c *conn) wait(cables *cables, by *deadline) error {
	at, moved := by.get()
	var late <-chan time.Time
	if !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-cables.changed:
		return nil
	case <-moved:
		return nil
	case <-late:
		return c.failed(os.ErrDeadlineExceeded)
	case <-c.closed:
		return c.failed(net.ErrClosed)
	}
}

func (c *conn) failed(err error) error {
	return &net.OpError{Op: "wait", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.closing.Do(func() { close(c.closed) })
	c.host.forget(c)
	return c.Conn.Close()
}

// reset closes the connection so that the other end can't take it for an end in
// order.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it may be closed
	}
	_ = c.Close()
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	c.readBy.set(t)
	c.writeBy.set(t)
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.readBy.set(t)
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.writeBy.set(t)
	return c.Conn.SetWriteDeadline(t)
}

// SetWriteBuffer is there for mpreg, which asks for it: a connection that can't
// would be another than users have.
func (c *conn) SetWriteBuffer(bytes int) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetWriteBuffer(bytes)
	}
	return nil
}
