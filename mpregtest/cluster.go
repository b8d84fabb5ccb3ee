// Package mpregtest runs whole clusters in a test: several nodes in one
// process, on a network in memory, that are killed, stopped, restarted, frozen and
// cut off from each other while the test calls them.
//
//	c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
//		return s.Register("where", func() string { return s.Name() })
//	}))
//	c.Node(1).Kill()
//	c.WaitConverged() // until the others have noticed
//	where, err := mpreg.Call[string](t.Context(), c.Client(), "where")
//
// Nothing touches the machine's network, and nothing needs a port. Nodes are
// called node-0, node-1 and so on, and are reached at ws://node-0, by the
// cluster's clients and by whoever dials with [Cluster.Dial].
//
// # Fake time
//
// A cluster works in a bubble of testing/synctest, where timeouts, backoffs and
// keepalives take no time and happen in order:
//
//	synctest.Test(t, func(t *testing.T) {
//		c := mpregtest.NewCluster(t, 3)
//		…
//	})
//
// It must be made inside, with the bubble's own t, and used only there: it can't
// be shared by bubbles, and waking one from outside is fatal. Functions that wait
// for a real socket, a process or a mutex hold the bubble's clock while they do;
// those that wait for a channel, a timer or their context do not.
//
// # What can go wrong
//
//   - a crash: [Node.Kill], and [Node.Restart]
//   - a rolling update: [Node.Stop], and Restart
//   - a host that stands still: [Node.Freeze], [Node.Thaw]
//   - a network that falls apart: [Cluster.Partition], [Cluster.Heal]
//   - a route that is lost in one direction: [Cluster.Cut], Heal
//   - a network that is slow: [Latency]
//
// [Cluster.Bytes] tells what crossed the network between two nodes: which of them
// carried a large value, and how often.
//
// After each of these [Cluster.WaitConverged] waits until the nodes agree on who is
// there, as far as they can reach each other. In a bubble it takes no time, though
// it is seconds of fake time until silence is taken for the end of a node.
//
// # What is not like production
//
// Nodes share one process: a function of a killed node runs on until it heeds its
// context, and what it does to memory that it shares with the test is seen. A
// frozen node computes on: only its network stands still. A connection has no
// latency, unless [Latency] says so, and takes 64 KiB before who writes has to wait
// for who reads.
package mpregtest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/mpreg/mpreg"
)

// Cluster is a number of nodes and the network between them. It is made by
// [NewCluster]. Its methods may be called concurrently, those that report to the
// test only by the test's own goroutine: NewCluster, [Cluster.WaitConverged] and
// [Node.Restart].
type Cluster struct {
	t         testing.TB
	options   options
	network   *network
	clients   *host   // where the clients are that Client returned
	outside   *host   // and where Dial dials from: nobody may read there
	nodes     []*Node // never changes
	processes sync.WaitGroup
	output    *output

	mu   sync.Mutex
	gone map[string]string // the ids of servers that run no more, and whose they were
}

// NewCluster starts n nodes that name each other as peers, see [Seeds], and waits
// until each knows all of them and what they offer. When the test ends the network
// is healed, frozen nodes are thawed, and all are drained; it fails if they don't
// come to rest. Nodes and clients log to the test's output unless they have a
// logger of their own.
//
// The test fails at once if a node can't be made, or if the nodes don't find each
// other within a minute; see [NoWait].
func NewCluster(t testing.TB, n int, opts ...Option) *Cluster {
	t.Helper()
	if n < 1 {
		t.Fatalf("mpregtest: a cluster of %d nodes: it needs one at least", n)
	}
	c := &Cluster{t: t, output: &output{to: t.Output()}, gone: make(map[string]string)}
	for _, opt := range opts {
		if opt != nil {
			opt(&c.options)
		}
	}
	c.network = newNetwork(c.options.latency)
	c.clients, c.outside = c.network.join(clientsHost), c.network.join(outsideHost)
	for i := range n {
		c.nodes = append(c.nodes, &Node{cluster: c, index: i, host: hostName(i)})
	}
	for _, node := range c.nodes {
		if err := node.create(); err != nil {
			t.Fatalf("mpregtest: %s: %v", node.host, err)
		}
	}
	// All of them listen by now: no first attempt to reach a peer is in vain.
	t.Cleanup(c.stop)
	for _, node := range c.nodes {
		node.serve()
	}
	for _, node := range c.nodes {
		if err := node.ready(); err != nil {
			t.Fatalf("mpregtest: %s: %v", node.host, err)
		}
	}
	if !c.options.noWait {
		c.WaitConverged()
	}
	return c
}

func hostName(i int) string { return fmt.Sprintf("node-%d", i) }

// peers returns the URLs that the node of that index is told: its own is not among
// them.
func (c *Cluster) peers(index int) []string {
	seeds := c.nodes
	if n := c.options.seeds; n > 0 && n < len(seeds) {
		seeds = seeds[:n]
	}
	var urls []string
	for i, node := range seeds {
		if i != index {
			urls = append(urls, "ws://"+node.host)
		}
	}
	return urls
}

// Node returns the node of an index, which counts from 0. It panics if there is
// none.
func (c *Cluster) Node(i int) *Node { return c.nodes[i] }

// Nodes returns all nodes, those that don't run too. The slice is the caller's.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// Client returns a new client that has the URLs of all nodes, and connects to the
// first of them that answers. It is closed when the test ends.
func (c *Cluster) Client(opts ...mpreg.ClientOption) *mpreg.Client {
	return c.client(c.nodes, opts)
}

// ClientOf returns a new client that has the URLs of these nodes only, in this order:
// it connects to the first of them that answers, and to others when that is gone. It
// is closed when the test ends. ClientOf panics if there is no node of an index.
//
//	client := c.ClientOf([]int{2, 0}) // connects to node 2, and falls back on node 0
func (c *Cluster) ClientOf(nodes []int, opts ...mpreg.ClientOption) *mpreg.Client {
	some := make([]*Node, len(nodes))
	for i, index := range nodes {
		some[i] = c.nodes[index]
	}
	return c.client(some, opts)
}

// Dial opens a connection to a node, from outside of the cluster, as
// net.Dialer.DialContext does: for an own client, with [mpreg.WithDialer], or for
// the websocket of some other library. addr is a node and any port: node-0:80. The
// connection breaks when its node is killed; nobody closes it for the caller.
func (c *Cluster) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return c.outside.dial(ctx, network, addr)
}

func (c *Cluster) client(nodes []*Node, opts []mpreg.ClientOption) *mpreg.Client {
	urls := make([]string, len(nodes))
	for i, node := range nodes {
		urls[i] = node.URL()
	}
	ours := []mpreg.ClientOption{mpreg.WithLogger(c.output.logger()), mpreg.WithDialer(c.clients.dial)}
	client := mpreg.NewClient(strings.Join(urls, ","), append(ours, opts...)...)
	c.t.Cleanup(func() {
		c.mend()
		_ = client.Close()
	})
	return client
}

// mend has everything pass everywhere: at the end of a test who closes would wait
// for answers that don't come.
func (c *Cluster) mend() {
	c.Heal()
	for _, node := range c.nodes {
		node.Thaw()
	}
}

// stop ends the nodes, all at once: one that has to wait for its deadline does not
// make the others wait for theirs.
func (c *Cluster) stop() {
	c.mend()
	var stopping sync.WaitGroup
	for _, node := range c.nodes {
		stopping.Go(func() {
			if err := node.Stop(); err != nil {
				c.t.Errorf("mpregtest: %s did not come to rest at the test's end: %v", node.host, err)
			}
		})
	}
	stopping.Wait()
	c.processes.Wait() // those that were killed, too
	c.output.close()
}
