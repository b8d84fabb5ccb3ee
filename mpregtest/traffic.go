package mpregtest

import (
	"sync"
	"sync/atomic"
)

// Clients stands for all that is no node in [Cluster.Bytes]: the cluster's clients,
// and what [Cluster.Dial] connects.
const Clients = -1

// The hosts that Clients stands for.
const (
	clientsHost = "client"
	outsideHost = "outside"
)

// traffic counts the bytes that crossed the network. Its zero value is ready, and it
// is safe for concurrent use.
type traffic struct {
	mu     sync.Mutex
	counts map[route]*atomic.Int64 // by hosts' names: they outlive a restart
}

// count returns where the bytes from one host to another are counted.
func (t *traffic) count(from, to string) *atomic.Int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[route]*atomic.Int64)
	}
	way := route{from, to}
	if t.counts[way] == nil {
		t.counts[way] = new(atomic.Int64)
	}
	return t.counts[way]
}

// Bytes returns how many bytes node to has read, since the cluster began, of what
// node from sent it, on all connections between them whoever dialed them, and in all
// lives of both. [Clients] as one of the two stands for all that is no node. What was
// sent and not read yet does not count, and never will if the connection breaks.
//
// All that a connection carries counts: gossip too, as much as a few hundred bytes a
// second, and the framing of values. A test looks at the difference before and after,
// and leaves room for that:
//
//	before := c.Bytes(1, 2)
//	… // node 2 uses a value of 1 MiB that node 1 made
//	if n := c.Bytes(1, 2) - before; n < 1<<20 || n > 1<<20+64<<10 {
//		t.Errorf("%d bytes crossed from node 1 to node 2", n)
//	}
//
// What a node passes to itself crosses no network. Bytes panics if there is no node
// of an index.
func (c *Cluster) Bytes(from, to int) int64 {
	var sum int64
	for _, a := range c.hostNames(from) {
		for _, b := range c.hostNames(to) {
			sum += c.network.traffic.count(a, b).Load()
		}
	}
	return sum
}

func (c *Cluster) hostNames(index int) []string {
	if index == Clients {
		return []string{clientsHost, outsideHost}
	}
	return []string{c.nodes[index].host}
}
