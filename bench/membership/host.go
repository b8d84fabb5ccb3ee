package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

var errKilled = errors.New("the host was killed")

// host is a machine of the network. Its connections are its ends of them: a cable
// holds up, and is counted at, both ends alike.
type host struct {
	network *network
	number  int

	mu        sync.Mutex
	dead      bool
	listeners []io.Closer
	conns     map[*conn]struct{}
}

func newHost(n *network, number int) *host {
	return &host{network: n, number: number, conns: make(map[*conn]struct{})}
}

// listen returns a listener on a free port of the host's address.
func (h *host) listen(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(hostIP(h.number).String(), "0"))
	if err != nil {
		return nil, err
	}
	return &listener{l, h}, h.own(l)
}

// own has l closed when the host is killed. If it is dead already, it closes it.
func (h *host) own(l io.Closer) error {
	h.mu.Lock()
	dead := h.dead
	if !dead {
		h.listeners = append(h.listeners, l)
	}
	h.mu.Unlock()
	if dead {
		return errors.Join(errKilled, l.Close())
	}
	return nil
}

// dial connects the host to another one, as net.Dialer.DialContext does. Over a cut
// cable it waits until that is mended, as TCP does by asking again.
func (h *host) dial(ctx context.Context, network, address string) (net.Conn, error) {
	failed := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", address, err)}
	}
	other := h.network.hostAt(address)
	if other < 0 {
		return failed(errors.New("no host has this address"))
	}
	for {
		cables := h.network.cables.Load()
		if cables.reach(h.number, other) {
			break
		}
		select {
		case <-cables.changed:
		case <-ctx.Done():
			return failed(ctx.Err())
		}
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: hostIP(h.number).AsSlice()}}
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	mine, err := h.adopt(c, other)
	if err != nil {
		return failed(err)
	}
	return mine, nil
}

// adopt makes a connection one of the host's.
func (h *host) adopt(c net.Conn, other int) (*conn, error) {
	mine := &conn{Conn: c, host: h, other: other, closed: make(chan struct{})}
	h.mu.Lock()
	dead := h.dead
	if !dead {
		h.conns[mine] = struct{}{}
	}
	h.mu.Unlock()
	if dead {
		mine.reset()
		return nil, errKilled
	}
	return mine, nil
}

func (h *host) forget(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
}

// kill ends the host for good. It waits for nothing but closing.
func (h *host) kill() {
	h.mu.Lock()
	h.dead = true
	listeners, conns := h.listeners, h.conns
	h.listeners, h.conns = nil, nil
	h.mu.Unlock()
	for _, l := range listeners {
		_ = l.Close() // its owner may have done so
	}
	for c := range conns {
		c.reset()
	}
}

// listener takes connections for a host.
type listener struct {
	net.Listener
	host *host
}

// Accept implements net.Listener. Who is no host of the network is cut off.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if other := l.host.network.hostAt(c.RemoteAddr().String()); other >= 0 {
			if mine, err := l.host.adopt(c, other); err == nil {
				return mine, nil
			}
			continue // the host is dead: the next Accept says so
		}
		_ = c.Close()
	}
}
