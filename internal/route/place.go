package route

import "github.com/mpreg/mpreg/internal/wire"

// Place is a function with some locs at a node. It stays the same while the node offers
// it, whatever else the node changes: what is known of its health was paid for with
// calls. Nothing of it changes but that. With a pointer or a func for R it fills a cache
// line: a choice reads one of each place, and one of its node.
type Place[R any] struct {
	Node       *Node
	Run        R // what runs a call there: for the owner of the table, who gets it back
	Health     Health
	Idempotent bool // a call may run twice
}

// Sound reports whether calls should go to the place: it is neither ejected nor at a
// suspect node.
func (p *Place[R]) Sound() bool {
	return !p.Health.Ejected() && !p.Node.Suspect.Load()
}

// placeOf returns a node's place as it is with an offer, which is the one before if
// that says the same: others may be reading it. before is nil if there is none.
func placeOf[R any](n *Node, run R, o *wire.Offer, before *Place[R]) *Place[R] {
	if before != nil && before.Idempotent == o.Idempotent {
		return before
	}
	p := &Place[R]{Node: n, Run: run, Idempotent: o.Idempotent}
	if before != nil {
		p.Health.ns.Store(before.Health.ns.Load())
		p.Health.last.Store(before.Health.last.Load())
	}
	return p
}
