package route

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// table is one where the id of a node runs its calls.
type table = Table[string]

// newTable returns the table of a node that offers nothing.
func newTable() *table {
	return New(Home[string]{Node: new(Node), Offer: func(string, []string) (none Own[string]) { return none }})
}

// here is this node: its table, and what it offers itself.
type here struct {
	*table
	node Node
	now  int64

	mu  sync.Mutex
	own map[string][]Own[string] // by function
}

// newHere returns a node that offers f, as some others do.
func newHere(t testing.TB, others int) (*here, []*Node) {
	t.Helper()
	h := &here{node: Node{ID: "here"}, now: 1, own: make(map[string][]Own[string])}
	h.table = New(Home[string]{Node: &h.node, Offer: h.find, Clock: func() int64 { return h.now }})
	h.register("f")
	nodes := make([]*Node, others)
	for i := range nodes {
		nodes[i] = h.join(fmt.Sprint(i), offered(nil, wire.Offer{Name: "f"}))
	}
	return h, nodes
}

// join adds a node.
func (h *here) join(id string, c *wire.Catalog) *Node {
	n := &Node{ID: id}
	h.Replace(n, id, nil, c)
	return n
}

// register has this node offer a function.
func (h *here) register(function string, locs ...string) *Place[string] {
	p := &Place[string]{Node: &h.node, Run: h.node.ID}
	h.mu.Lock()
	h.own[function] = append(h.own[function], Own[string]{Place: p, Locs: locs})
	h.mu.Unlock()
	h.Changed()
	return p
}

func (h *here) unregister(function string) {
	h.mu.Lock()
	delete(h.own, function)
	h.mu.Unlock()
	h.Changed()
}

// find implements Home.Offer.
func (h *here) find(function string, locs []string) (best Own[string]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.own[function] {
		if Surplus(locs, o.Locs) == 0 && (best.Place == nil || Surplus(o.Locs, locs) < Surplus(best.Locs, locs)) {
			best = o
		}
	}
	best.Everywhere = function == everywhere
	return best
}

// everywhere is a function that every node has.
const everywhere = "everywhere"

// place returns a node's place for f without locs.
func (h *here) place(t testing.TB, n *Node) *Place[string] {
	t.Helper()
	for _, g := range h.match(nil, "f", nil, math.MaxInt) {
		if i := g.index(n); i >= 0 {
			return g.places[i]
		}
	}
	t.Fatalf("%s does not offer f", n.ID)
	return nil
}

func offered(resources []string, offers ...wire.Offer) *wire.Catalog {
	return &wire.Catalog{Resources: resources, Functions: offers}
}

// candidateIDs lists who runs calls where they may go to.
func candidateIDs(r *table, function string, locs ...string) []string {
	ids := []string{}
	for _, g := range r.match(nil, function, locs, math.MaxInt) {
		for _, p := range g.places {
			ids = append(ids, p.Run)
		}
	}
	slices.Sort(ids)
	return ids
}
