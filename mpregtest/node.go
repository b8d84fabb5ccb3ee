package mpregtest

import (
	"context"
	"sync"

	"github.com/mpreg/mpreg"
)

// Node is one node of a [Cluster]: a name and an address that one Server after
// another has. Its methods may be called concurrently, by functions of the
// cluster too unless their comments say otherwise.
type Node struct {
	cluster *Cluster
	index   int
	host    string // its name on the network

	mu      sync.Mutex
	url     string
	process *process // the latest
	running bool     // it was neither stopped nor killed
}

// Server returns the node's Server; after a [Node.Restart] that is another one.
// What is registered on it is gone with it, other than what [Setup] registers.
func (n *Node) Server() *mpreg.Server {
	p, _ := n.current()
	return p.server
}

// Name returns the node's name: node-0 for the first, unless [Config] changed it.
func (n *Node) Name() string { return n.Server().Name() }

// URL returns the URL by which the node is reached, whether it runs or not: what
// Server.URL said when it served last.
func (n *Node) URL() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.url
}

// Client returns a new client that connects to this node only. It is closed when
// the test ends. A client of the node's own is at Server().Client().
func (n *Node) Client(opts ...mpreg.ClientOption) *mpreg.Client {
	return n.cluster.client([]*Node{n}, opts)
}

// Kill ends the node as a crash does. When it returns all of the node's
// connections are broken, at both ends and with what was on its way; it can't be
// reached and reaches nobody, and logs no more. The contexts of its functions end;
// what they return is seen by nobody but callers in the node itself.
//
// Kill does not wait for these functions, so that one of them may call it, nor
// for the other nodes to notice, as [Cluster.WaitConverged] does. The test's end
// waits for them, as long as the node's Config.DrainTimeout.
//
// The end of a frozen node is noticed like that of any other. Behind a
// [Cluster.Partition] nobody learns of it before the network heals.
func (n *Node) Kill() {
	p, _ := n.end()
	p.output.close()
	p.host.cut()
	p.kill()
}

// Freeze has the node's host stand still, as a virtual machine that is paused: it
// neither sends nor receives. Its connections stay open, and nobody is told; bytes
// in both directions are held and go on after [Node.Thaw]. Who dials it, and its own
// dials, get no answer until their context ends or it is thawed.
//
//	c.Node(1).Freeze()
//	c.WaitConverged() // the others take it for gone, after some seconds
//	c.Node(1).Thaw()
//	c.WaitConverged() // and find it again, the same Server as before
//
// What the node computes goes on, and so do its timers. Freeze lasts until Thaw,
// Kill or Restart; for a node that is killed it does nothing.
func (n *Node) Freeze() { n.freeze(true) }

// Thaw ends a Freeze: what was held arrives, and dials that wait get their answer.
// It does nothing to a node that is not frozen.
func (n *Node) Thaw() { n.freeze(false) }

func (n *Node) freeze(frozen bool) {
	p, _ := n.current()
	p.host.freeze(frozen)
}

// Stop drains the node as the end of Serve's context does, and with it SIGTERM in the
// command line's serve, and returns what Serve
// returned: nil if all requests that it had were answered. It returns nil at once
// if the node does not run. A function of the node must not call it: the drain
// would wait for that function.
func (n *Node) Stop() error {
	p, was := n.end()
	if !was {
		return nil
	}
	p.stop()
	<-p.done
	return p.err
}

// Restart starts the node again, after Kill or Stop: a new Server of the same
// name at the same address, with what [Setup] registers. It returns when the node
// serves; the others may need a moment to find it, see [Cluster.WaitConverged]. It
// is not frozen, but in the same part of a network that is divided. The test fails
// at once if the node runs already or can't be made.
func (n *Node) Restart() {
	t := n.cluster.t
	t.Helper()
	if _, running := n.current(); running {
		t.Fatalf("mpregtest: restarting %s, which runs: Stop or Kill it first", n.host)
	}
	if err := n.create(); err != nil {
		t.Fatalf("mpregtest: restarting %s: %v", n.host, err)
	}
	n.serve()
	if err := n.ready(); err != nil {
		t.Fatalf("mpregtest: restarting %s: %v", n.host, err)
	}
}

func (n *Node) current() (p *process, running bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process, n.running
}

// end takes the node out of those that run, and reports whether it did.
func (n *Node) end() (p *process, was bool) {
	n.mu.Lock()
	p, was = n.process, n.running
	n.running = false
	n.mu.Unlock()
	if was {
		c := n.cluster
		c.mu.Lock()
		c.gone[p.server.ID()] = n.host
		c.mu.Unlock()
	}
	return p, was
}

// create makes a Server that does not serve yet. Its address takes connections
// from then on.
func (n *Node) create() error {
	p, err := newProcess(n.cluster, n.index, n.host)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.process = p
	return nil
}

func (n *Node) serve() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running = true
	n.cluster.processes.Go(n.process.serve)
}

// ready waits until the node serves, which tells its URL.
func (n *Node) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, _ := n.current()
	if err := p.server.Ready(ctx); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.url = p.server.URL()
	return nil
}
