package mpregtest

import (
	"context"
	"maps"
	"net"
	"slices"
)

// backlog is how many connections of a host may wait to be accepted; further ones
// are refused.
const backlog = 1024

// host is a machine on the network, for one life: who starts again joins again.
// It is its own net.Listener.
type host struct {
	network *network
	name    string
	queue   chan *conn    // to be accepted; written under network.mu while listening
	ended   chan struct{} // closed when it listens no more

	// Guarded by network.mu.
	listening bool
	dead      bool               // its connections are cut, and it makes no others
	conns     map[*conn]struct{} // its ends of connections that it has not closed
}

// listen has the host take connections; those that come before the first Accept
// wait for it.
func (h *host) listen() net.Listener {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.listening = true
	return h
}

// Accept implements net.Listener.
func (h *host) Accept() (net.Conn, error) {
	select {
	case c := <-h.queue:
		return c, nil
	case <-h.ended:
		return nil, &net.OpError{Op: "accept", Net: h.Addr().Network(), Addr: h.Addr(), Err: net.ErrClosed}
	}
}

// Close implements net.Listener. Connections that were not accepted break.
func (h *host) Close() error {
	if !h.unlisten() {
		return &net.OpError{Op: "close", Net: h.Addr().Network(), Addr: h.Addr(), Err: net.ErrClosed}
	}
	for {
		select {
		case c := <-h.queue:
			c.cut()
		default:
			return nil
		}
	}
}

func (h *host) unlisten() (was bool) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	if was = h.listening; was {
		h.listening = false
		close(h.ended)
	}
	return was
}

// Addr implements net.Listener. It has no port: a node's URL is made of it.
func (h *host) Addr() net.Addr { return addr(h.name) }

// dial is an mpreg.DialFunc. It does not wait: a connection is made or refused.
func (h *host) dial(ctx context.Context, network, address string) (net.Conn, error) {
	err := ctx.Err()
	if err == nil {
		var c *conn
		if c, err = h.network.connect(h, address); err == nil {
			return c, nil
		}
	}
	return nil, &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: err}
}

// cut breaks all connections of the host, for good.
func (h *host) cut() {
	h.network.mu.Lock()
	h.dead = true
	h.network.mu.Unlock()
	for _, c := range h.open() {
		c.cut()
	}
	_ = h.Close() // it may be closed
}

// open returns the host's ends of connections that it has not closed.
func (h *host) open() []*conn {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	return slices.Collect(maps.Keys(h.conns))
}

// forget is for an end that was closed.
func (h *host) forget(c *conn) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	delete(h.conns, c)
}
