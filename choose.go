package mpreg

import (
	"context"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/route"
)

// query is what a command looks for.
type query struct {
	route.Query

	node  string        // id or name of the node that was asked for; empty for any, else Here is set
	wait  bool          // for a node that offers it, as long as the context lets
	hedge bool          // make a second attempt of an idempotent call that takes long
	after time.Duration // that is long; 0 is what most took
}

// choice is where a command is to run: at this node, if its place is at that, or at
// another.
type choice = route.Choice[runFunc]

// runFunc runs a command at a place: with an offer of this node, or at another node.
type runFunc func(ctx context.Context, call *callContext, q query) (Value, error)

// choose picks who runs a command: the node that it names, or whom the routes say.
// The error says what is missing.
func (c *cluster) choose(q *query, tried []*route.Node) (choice, error) {
	if s := c.self; q.node != "" && q.node != s.ID() && q.node != s.Name() {
		return c.chooseNode(q, tried)
	}
	f, miss := c.routes.Choose(&q.Query, tried)
	switch miss {
	case route.Found:
		return f, nil
	case route.Everywhere:
		return c.chooseReserved(q, tried)
	case route.Withdrawn:
		return choice{}, newError(NotFound, ExecutedNo,
			"the function %q was withdrawn a moment ago by the only node that had it %s: try again", q.Function, withLocs(q.Locs))
	case route.TooFar:
		return choice{}, newError(NotFound, ExecutedNo,
			"the call was passed on %d times, and no node had the function any more: try again", q.Hops)
	default:
		return choice{}, c.notFound(q)
	}
}

// own returns what this node itself offers for a query.
func (c *cluster) own(function string, locs []string) route.Own[runFunc] {
	s := c.self
	resources := s.Resources()
	own := route.Own[runFunc]{Everywhere: s.builtins.has(function)}
	o := s.builtins.match(function, locs, resources)
	if o == nil {
		o = s.match(function, locs, resources)
	}
	if o != nil {
		own.Place, own.Locs = &o.place, o.locs
	}
	return own
}

// clock returns the time since the node was started, in ns. It never stands at 0.
func (c *cluster) clock() int64 { return int64(time.Since(c.self.started)) + 1 }

// chooseNode is choose for a command that names its node.
func (c *cluster) chooseNode(q *query, tried []*route.Node) (choice, error) {
	m := c.find(q.node)
	if m == nil {
		return choice{}, newError(NotFound, ExecutedNo, "the cluster has no node with the id or the name %q that this one knows of", q.node)
	}
	if slices.Contains(tried, &m.Node) || q.Hops >= route.MaxHops {
		return choice{}, newError(Unavailable, ExecutedNo, "node %q can't be reached now", q.node)
	}
	return m.choice(), nil
}

// chooseReserved is choose for a function that every node has, when this one
// lacks a loc.
func (c *cluster) chooseReserved(q *query, tried []*route.Node) (choice, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var suspect *member
	for _, m := range c.members {
		if !m.callable() || m.ID == q.From || slices.Contains(tried, &m.Node) || q.Hops >= route.MaxHops {
			continue
		}
		if !slices.ContainsFunc(q.Locs, func(loc string) bool { return !slices.Contains(m.catalog.Resources, loc) }) {
			if m.state == gossip.Alive {
				return m.choice(), nil
			}
			suspect = m
		}
	}
	if suspect != nil {
		return suspect.choice(), nil
	}
	offers := [][]string{c.self.Resources()}
	for _, m := range c.members {
		if m.callable() {
			offers = append(offers, m.catalog.Resources)
		}
	}
	return choice{}, notFound(q.Function, q.Locs, offers)
}

// choice returns m as the choice for a command, whatever it offers.
func (m *member) choice() choice {
	return choice{Place: &route.Place[runFunc]{Node: &m.Node, Run: m.run}}
}

// notFound says what is missing: the function, or which locs the closest offer
// of any node lacks.
func (c *cluster) notFound(q *query) *Error {
	s := c.self
	resources := s.Resources()
	var offers [][]string
	for _, r := range []*Registry{&s.builtins, &s.Registry} {
		offers = append(offers, r.locSets(q.Function, resources)...)
	}
	if q.node == "" {
		if closest := c.routes.Closest(q.Function, q.Locs); closest != nil {
			offers = append(offers, closest)
		}
	}
	return notFound(q.Function, q.Locs, offers)
}
