package mpregtest

import (
	"errors"
	"io"
	"net"
	"time"
)

// conn is one end of a connection in memory. As with a socket, what was written
// before one end was closed can still be read at the other; who writes there
// learns at once that nobody reads.
type conn struct {
	host, peer    *host   // whose end it is, and whose the other is
	in, out       *stream // the other end's out and in
	local, remote addr
}

// newConns returns both ends of a connection.
func newConns(from, to *host, local, remote addr) (near, far *conn) {
	n := from.network
	there := newStream(n.latency, n.traffic.count(from.name, to.name))
	back := newStream(n.latency, n.traffic.count(to.name, from.name))
	near = &conn{host: from, peer: to, in: back, out: there, local: local, remote: remote}
	far = &conn{host: to, peer: from, in: there, out: back, local: remote, remote: local}
	return near, far
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.failure("read", err)
}

// Write implements net.Conn. The bytes of concurrent calls are not mixed.
func (c *conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.failure("write", err)
}

// Close implements net.Conn. Calls that wait at this end return net.ErrClosed.
func (c *conn) Close() error {
	if !c.in.closeReader() {
		return c.failure("close", net.ErrClosed)
	}
	c.out.closeWriter()
	c.host.forget(c)
	return nil
}

// cut breaks the connection at both ends at once, and what was on its way is
// lost: as the end of this one's process does. Where the network holds back what
// this end sends, the other does not know of it until that passes. Both still have
// to be closed.
func (c *conn) cut() {
	c.in.cutReader()
	c.out.cutWriter()
}

// lost reports whether the other end is gone, or cut off, and this one could know
// and is not closed yet: whoever holds it has still to notice.
func (c *conn) lost() bool { return c.in.lost() }

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	return c.failure("set", c.in.setReadDeadline(t))
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	return c.failure("set", c.out.setWriteDeadline(t))
}

// failure dresses an error as package net does: callers look for a timeout in it,
// for net.ErrClosed, and for a plain io.EOF.
func (c *conn) failure(op string, err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // no other one comes from a stream
		return err
	}
	return &net.OpError{Op: op, Net: c.local.Network(), Source: c.local, Addr: c.remote, Err: err}
}
