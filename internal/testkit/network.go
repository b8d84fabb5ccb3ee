package testkit

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Network is hosts in memory by their names, each of which listens at any port: for
// tests in a synctest bubble, which TCP would leave. What is sent waits for whoever
// reads it. To cut links or to freeze hosts, use package mpregtest.
type Network map[string]*Host

// NewNetwork returns a network of these hosts.
func NewNetwork(hosts ...string) Network {
	n := make(Network, len(hosts))
	for _, name := range hosts {
		n[name] = &Host{name: name, conns: make(chan net.Conn), closed: make(chan struct{})}
	}
	return n
}

// Dial connects to a host, as [net.Dialer.DialContext] does.
func (n Network) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	host := n[name]
	if host == nil {
		return nil, errors.New("no such host")
	}
	near, far := net.Pipe()
	select {
	case host.conns <- far:
		return near, nil
	case <-host.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Host is the listener of a host.
type Host struct {
	name   string
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept waits for who dials the host.
func (h *Host) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close has the host refuse who dials it.
func (h *Host) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr is the host's name, and a port.
func (h *Host) Addr() net.Addr { return address(h.name + ":1") }

// address is where a host is.
type address string

func (address) Network() string  { return "memory" }
func (a address) String() string { return string(a) }
