package mpregtest

import (
	"net"
	"strconv"
	"sync"
	"syscall"
)

// network connects hosts by name, in memory.
type network struct {
	mu    sync.Mutex       // also of the fields of hosts that say so; held for no wait
	hosts map[string]*host // the latest of each name
	port  int              // the last that who dialed was given
}

// firstPort is where the ports of those who dial begin, as they do elsewhere: in a
// log they are not taken for what is listened on.
const firstPort = 49152

func newNetwork() *network {
	return &network{hosts: make(map[string]*host), port: firstPort - 1}
}

// join adds a host. It takes the name over from an earlier one, which can't be
// reached from then on.
func (n *network) join(name string) *host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := &host{
		network: n, name: name,
		conns: make(map[*conn]struct{}),
		queue: make(chan *conn, backlog), ended: make(chan struct{}),
	}
	n.hosts[name] = h
	return h
}

// connect makes a connection between two hosts and queues its far end to be
// accepted.
func (n *network) connect(from *host, address string) (*conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	to, known := n.hosts[name]
	switch {
	case from.dead:
		return nil, syscall.ENETUNREACH
	case !known:
		return nil, &net.DNSError{Err: "no such host in this cluster", Name: name, IsNotFound: true}
	case !to.listening, len(to.queue) == backlog:
		return nil, syscall.ECONNREFUSED
	}
	n.port++
	near, far := newConns(from, to, addr(net.JoinHostPort(from.name, strconv.Itoa(n.port))), addr(net.JoinHostPort(name, port)))
	from.conns[near], to.conns[far] = struct{}{}, struct{}{}
	to.queue <- far // there is room: mu is held
	return near, nil
}

// addr is an address on the network: a host's name, and a port where there is one.
type addr string

func (addr) Network() string  { return "memory" }
func (a addr) String() string { return string(a) }
