package chaos_test

import (
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/mpregtest"
)

// caller is who calls: a client at a time, and how that reaches the cluster.
type caller struct {
	nodes []int // whose URLs it has
	at    int   // the node that it is part of, if it has no URLs
	cbor  bool

	open func() *mpreg.Client

	mu     sync.Mutex
	client *mpreg.Client
}

// newCaller returns a caller for a cluster with that many nodes, which can dial those
// before the last ones that are hidden.
func newCaller(r *rand.Rand, nodes, hidden int) *caller {
	c := &caller{at: r.IntN(nodes), cbor: r.IntN(2) == 0}
	if r.IntN(4) > 0 {
		c.nodes = r.Perm(nodes - hidden)[:1+r.IntN(nodes-hidden)]
	}
	return c
}

// connect makes the first client.
func (c *caller) connect(cluster *mpregtest.Cluster, opts []mpreg.ClientOption) {
	if len(c.nodes) == 0 {
		c.open = func() *mpreg.Client { return cluster.Node(c.at).Server().Client() }
		return
	}
	if c.cbor {
		opts = append(slices.Clip(opts), mpreg.WithCodec(codec.CBOR{}))
	}
	c.open = func() *mpreg.Client { return cluster.ClientOf(c.nodes, opts...) }
	c.client = c.open()
}

// get returns the client that calls are made with now.
func (c *caller) get() *mpreg.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return c.open() // of whichever Server the node has now
	}
	return c.client
}

// hangUp makes another client, and returns the one to be closed; nil if there is none.
func (c *caller) hangUp() *mpreg.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	former := c.client
	if former != nil {
		c.client = c.open()
	}
	return former
}
