package mpreg

import (
	"context"

	"github.com/mpreg/mpreg/internal/route"
)

// offer is a function under a name with a set of locs.
type offer struct {
	name  string
	locs  []string // sorted
	fn    *Function
	place route.Place[runFunc] // at this node
}

// newOffer returns an offer of a node, which is nil if the registry is of none.
func newOffer(node *route.Node, name string, locs []string, fn *Function) *offer {
	o := &offer{name: name, locs: locs, fn: fn}
	o.place.Node, o.place.Run, o.place.Idempotent = node, o.run, fn.idempotent
	return o
}

// run is a runFunc.
func (o *offer) run(ctx context.Context, call *callContext, _ query) (Value, error) {
	return call.exec.node.runHere(ctx, call, o)
}
