package mpregtest

import (
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// network connects hosts by name, in memory.
type network struct {
	latency time.Duration // of each connection, one way
	traffic traffic

	mu      sync.Mutex         // also of the fields of hosts that say so; held for no wait
	hosts   map[string]*host   // the latest of each name
	ends    map[*conn]struct{} // of all connections, those that are not closed
	port    int                // the last that who dialed was given
	cuts    map[route]struct{} // where nothing passes
	changed chan struct{}      // closed when dials that wait may have to wait no more
}

// route is the way from one host to another, by their names: a cut outlives a
// host's restart.
type route struct{ from, to string }

// firstPort is where the ports of those who dial begin, as they do elsewhere: in a
// log they are not taken for what is listened on.
const firstPort = 49152

func newNetwork(latency time.Duration) *network {
	return &network{
		latency: latency,
		hosts:   make(map[string]*host), ends: make(map[*conn]struct{}),
		port: firstPort - 1, changed: make(chan struct{}),
	}
}

// join adds a host. It takes the name over from an earlier one, which can't be
// reached from then on, and of which nothing is held back any more.
func (n *network) join(name string) *host {
	h := &host{
		network: n, name: name,
		conns: make(map[*conn]struct{}),
		queue: make(chan *conn, backlog), ended: make(chan struct{}),
	}
	n.change(func() {
		if former := n.hosts[name]; former != nil {
			former.frozen = false
		}
		n.hosts[name] = h
	})
	return h
}

// connect makes a connection between two hosts and queues its far end to be
// accepted. It returns a channel instead if an answer is held back: when that is
// closed it is time to ask again.
func (n *network) connect(from *host, address string) (c *conn, again <-chan struct{}, err error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	to, known := n.hosts[name]
	switch {
	case from.dead:
		return nil, nil, syscall.ENETUNREACH
	case from.frozen, known && !n.links(from, to):
		return nil, n.changed, nil
	case !known:
		return nil, nil, &net.DNSError{Err: "no such host in this cluster", Name: name, IsNotFound: true}
	case !to.listening, to.dead, len(to.queue) == backlog:
		return nil, nil, syscall.ECONNREFUSED
	}
	n.port++
	near, far := newConns(from, to, addr(net.JoinHostPort(from.name, strconv.Itoa(n.port))), addr(net.JoinHostPort(name, port)))
	for _, end := range []*conn{near, far} {
		end.host.conns[end], n.ends[end] = struct{}{}, struct{}{}
	}
	to.queue <- far // there is room: mu is held
	return near, nil, nil
}

// change changes what passes where, and has all connections and dials heed it.
func (n *network) change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	for end := range n.ends {
		held, muted := !n.passes(end.host, end.peer), !n.passes(end.peer, end.host)
		end.out.hold(held, muted)
		end.in.hold(muted, held)
	}
	close(n.changed)
	n.changed = make(chan struct{})
}

// cut has nothing pass on these routes, and all pass on any others.
func (n *network) cut(routes map[route]struct{}) {
	n.change(func() { n.cuts = routes })
}

// passes reports whether what one host sends reaches the other; mu is held.
func (n *network) passes(from, to *host) bool {
	_, cut := n.cuts[route{from.name, to.name}]
	return !cut && !from.frozen && !to.frozen
}

// links reports whether two hosts can connect; mu is held.
func (n *network) links(a, b *host) bool { return n.passes(a, b) && n.passes(b, a) }

// noPart is the part of the network that a frozen host is in.
const noPart = -1

// parts returns for each host the number of the part that it is in, or noPart.
// Those of the same part reach each other, be it through others of them.
func (n *network) parts(hosts []*host) []int {
	n.mu.Lock()
	defer n.mu.Unlock()
	parts := make([]int, len(hosts))
	var rest []int // those that are in no part yet
	for i, h := range hosts {
		if parts[i] = noPart; !h.frozen {
			rest = append(rest, i)
		}
	}
	for part := 0; len(rest) > 0; part++ {
		reached := []int{rest[0]}
		rest = rest[1:]
		for len(reached) > 0 {
			i := reached[0]
			parts[i], reached = part, reached[1:]
			var others []int
			for _, k := range rest {
				if n.links(hosts[i], hosts[k]) {
					reached = append(reached, k)
				} else {
					others = append(others, k)
				}
			}
			rest = others
		}
	}
	return parts
}

// addr is an address on the network: a host's name, and a port where there is one.
type addr string

func (addr) Network() string  { return "memory" }
func (a addr) String() string { return string(a) }
