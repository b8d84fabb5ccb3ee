package mpreg

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/mpreg/mpreg/internal/gossip"
)

// explore is one in how many calls goes to the slower of two: what it has become
// since is found out by nothing else.
const explore = 32

// query is what a command looks for.
type query struct {
	function string
	locs     []string
	node     string // id or name of the node that was asked for; empty for any
	from     string // id of the node that passed the command on; it is not passed back
	hops     int
}

// found is where a command can run: here, or at a place.
type found struct {
	local *offer
	place *place
}

// choose picks who runs a command: of those that offer the function with all
// locs, and the fewest beyond them, the one of two random ones where it would
// wait less. This node wins ties. The error says what is missing.
func (c *cluster) choose(q query, skipLocal bool, tried []*member) (found, error) {
	s := c.self
	if q.node != "" && q.node != s.ID() && q.node != s.Name() {
		return c.chooseNode(q, tried)
	}
	var local *offer
	if !skipLocal {
		local = c.here(q)
	}
	if local != nil && (q.hops > 0 || q.node != "" || c.self.builtins.has(q.function)) {
		return found{local: local}, nil
	}
	if q.node != "" {
		return found{}, c.notFound(q)
	}
	if c.self.builtins.has(q.function) {
		return c.chooseReserved(q, tried)
	}
	var few [8]group
	limit := len(few)
	if len(tried) > 0 || q.from != "" {
		limit = math.MaxInt // those that are left may be any
	}
	groups := c.routes.matching(few[:0], q.function, q.locs, limit)
	if local != nil && len(groups) > 0 {
		switch here, there := surplus(local.locs, q.locs), surplus(groups[0].set.own, q.locs); {
		case here < there:
			groups = nil
		case here > there:
			local = nil
		}
	}
	known := len(groups) > 0
	if len(tried) > 0 || q.from != "" {
		groups = less(groups, tried, q.from)
	}
	if known && len(groups) == 0 && local == nil {
		return found{}, newError(NotFound, ExecutedNo,
			"the function %q was withdrawn a moment ago by the only node that had it %s: try again", q.function, withLocs(q.locs))
	}
	f, err := c.pick(local, groups, q)
	if f.place != nil && f.place.member.doubtful.Load() {
		// Chosen where all, or all but it, are suspect: any other is better.
		sound := c.routes.sound(q.function, q.locs, func(m *member) bool {
			return m.id == q.from || slices.Contains(tried, m)
		})
		if sound != nil {
			f.place = sound
		}
	}
	return f, err
}

// pick chooses among equals.
func (c *cluster) pick(local *offer, groups []group, q query) (found, error) {
	n := 0
	for _, g := range groups {
		n += len(g.places)
	}
	switch {
	case n == 0 && local != nil:
		return found{local: local}, nil
	case n == 0:
		return found{}, c.notFound(q)
	case q.hops >= maxHops && local == nil:
		return found{}, newError(NotFound, ExecutedNo,
			"the call was passed on %d times, and no node had the function any more: try again", q.hops)
	case n == 1 && local == nil:
		return found{place: groups[0].places[0]}, nil
	case local == nil:
		i, j := two(n)
		a, b := at(groups, i), at(groups, j)
		if x, y := a.load(), b.load(); y < x && (x == math.MaxInt64 || rand.IntN(explore) > 0) {
			a = b
		}
		return found{place: a}, nil
	}
	other := at(groups, rand.IntN(n))
	// This node is one of the two in every draw: it is the one that costs no hop.
	if q.hops < maxHops && other.load() < local.latency.load(c.self.running.Load()) {
		return found{place: other}, nil
	}
	return found{local: local}, nil
}

func (p *place) load() int64 {
	n := p.member.inFlight.Load()
	if p.member.doubtful.Load() {
		return math.MaxInt64
	}
	if n > 0 && p.latency.ns.Load() == 0 {
		return math.MaxInt64 // nobody knows: one call at a time finds out
	}
	return p.latency.load(n)
}

// less returns groups without the places of some members.
func less(groups []group, tried []*member, from string) []group {
	var out []group
	for _, g := range groups {
		left := slices.DeleteFunc(slices.Clone(g.places), func(p *place) bool {
			return p.member.id == from || slices.Contains(tried, p.member)
		})
		if len(left) > 0 {
			out = append(out, group{g.set, g.on, left})
		}
	}
	return out
}

// here returns what this node itself offers for a query.
func (c *cluster) here(q query) *offer {
	s := c.self
	resources := s.Resources()
	if o := s.builtins.match(q.function, q.locs, resources); o != nil {
		return o
	}
	return s.match(q.function, q.locs, resources)
}

// chooseNode is choose for a command that names its node.
func (c *cluster) chooseNode(q query, tried []*member) (found, error) {
	m := c.find(q.node)
	if m == nil {
		return found{}, newError(NotFound, ExecutedNo, "the cluster has no node with the id or the name %q that this one knows of", q.node)
	}
	if slices.Contains(tried, m) || q.hops >= maxHops {
		return found{}, newError(Unavailable, ExecutedNo, "node %q can't be reached now", q.node)
	}
	return found{place: &place{member: m}}, nil
}

// chooseReserved is choose for a function that every node has, when this one
// lacks a loc.
func (c *cluster) chooseReserved(q query, tried []*member) (found, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var doubtful *member
	for _, m := range c.members {
		if !m.callable() || m.id == q.from || slices.Contains(tried, m) || q.hops >= maxHops {
			continue
		}
		if !slices.ContainsFunc(q.locs, func(loc string) bool { return !slices.Contains(m.catalog.Resources, loc) }) {
			if m.state == gossip.Alive {
				return found{place: &place{member: m}}, nil
			}
			doubtful = m
		}
	}
	if doubtful != nil {
		return found{place: &place{member: doubtful}}, nil
	}
	offers := [][]string{c.self.Resources()}
	for _, m := range c.members {
		if m.callable() {
			offers = append(offers, m.catalog.Resources)
		}
	}
	return found{}, notFound(q.function, q.locs, offers)
}

// notFound says what is missing: the function, or which locs the closest offer
// of any node lacks.
func (c *cluster) notFound(q query) *Error {
	s := c.self
	resources := s.Resources()
	var offers [][]string
	for _, r := range []*Registry{&s.builtins, &s.Registry} {
		offers = append(offers, r.locSets(q.function, resources)...)
	}
	if q.node == "" {
		if closest := c.routes.closest(q.function, q.locs); closest != nil {
			offers = append(offers, closest)
		}
	}
	return notFound(q.function, q.locs, offers)
}
