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
	frozen    bool               // it neither sends nor receives for now
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

// dial is an mpreg.DialFunc.
func (h *host) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := h.connect(ctx, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: addr(address), Err: err}
	}
	return c, nil
}

// connect waits for one round trip, and for as long as the network holds back what
// the hosts say to each other: a connection is made or refused afterwards.
func (h *host) connect(ctx context.Context, address string) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if trip := 2 * h.network.latency; trip > 0 {
		passed, stop := after(trip)
		defer stop()
		select {
		case <-passed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for {
		c, again, err := h.network.connect(h, address)
		if again == nil {
			return c, err
		}
		select {
		case <-again:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// freeze has the host neither send nor receive, or do so again. One that was cut
// is not concerned: that its connections broke is to be known.
func (h *host) freeze(frozen bool) {
	h.network.change(func() { h.frozen = frozen && !h.dead })
}

// cut breaks all connections of the host, for good.
func (h *host) cut() {
	h.network.change(func() { h.dead = true }) // its dials end, too
	for _, c := range h.open() {
		c.cut()
	}
	_ = h.Close() // it may be closed
	h.freeze(false)
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
	delete(h.network.ends, c)
}
