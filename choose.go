package mpreg

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
)

// query is what a command looks for.
type query struct {
	function string
	locs     []string
	node     string // id or name of the node that was asked for; empty for any
	from     string // id of the node that passed the command on; it is not passed back
	hops     int

	prefer []holding     // who holds inputs of the command, the most bytes first
	wait   bool          // for a node that offers it, as long as the context lets
	hedge  bool          // make a second attempt of an idempotent call that takes long
	after  time.Duration // that is long; 0 is what most took
}

// holding is how many bytes of a command's inputs a node holds under leases.
type holding struct {
	node  string // its id; this one's for what it has in memory
	bytes int64
}

// found is where a command can run: here, or at a place.
type found struct {
	local *offer
	place *place
	probe bool // it is ejected, and allowed this call
}

func (f found) health() *health {
	if f.local != nil {
		return &f.local.health
	}
	return &f.place.health
}

// sound reports whether a command should go there: it is neither ejected nor at a
// suspect node.
func (f found) sound() bool {
	if f.local != nil {
		return f.local.health.until.Load() == 0
	}
	return f.place.sound()
}

// tries are where a command was tried already.
type tries struct {
	local   bool
	members []*member
}

// add notes an attempt.
func (t *tries) add(f found) {
	if f.local != nil {
		t.local = true
	} else {
		t.members = append(t.members, f.place.member)
	}
}

// choose picks who runs a command: of those that offer the function with all
// locs, and the fewest beyond them, who holds most of its inputs, or else the one of
// two random ones where it would wait less. This node wins ties. The error says what
// is missing.
func (c *cluster) choose(q *query, tried *tries) (found, error) {
	if s := c.self; q.node != "" && q.node != s.ID() && q.node != s.Name() {
		return c.chooseNode(q, tried)
	}
	if a := c.routes.known.find(q); a != nil {
		return c.chooseOf(&a.candidates, a.rival, q, tried)
	}
	return c.chooseUnknown(q, tried)
}

// chooseUnknown is choose where the candidates have to be looked for.
func (c *cluster) chooseUnknown(q *query, tried *tries) (found, error) {
	if a := c.learn(q); a != nil {
		return c.chooseOf(&a.candidates, a.rival, q, tried)
	}
	var few [8]group
	limit := len(few)
	if len(tried.members) > 0 || q.from != "" || len(q.prefer) > 0 {
		limit = maxLearned // those that are left, or are preferred, may be any
	}
	a := newCandidates(c.routes.matching(few[:0], q.function, q.locs, limit))
	r := newRival(c.here(*q), c.self.builtins.has(q.function), &a, q.locs)
	return c.chooseOf(&a, r, q, tried)
}

// chooseOf chooses among candidates and what this node has.
func (c *cluster) chooseOf(a *candidates, r rival, q *query, tried *tries) (found, error) {
	local, n := r.offer, a.n
	if tried.local {
		local = nil
	}
	switch {
	case local != nil && (q.hops > 0 || q.node != "" || r.every):
		return found{local: local}, nil // who passed it on has chosen
	case q.node != "":
		return found{}, c.notFound(q)
	case r.every:
		return c.chooseReserved(q, tried)
	case local != nil && r.nearer < 0:
		n = 0
	case r.nearer > 0 && n > 0:
		local = nil
	}
	if n > 0 && (len(tried.members) > 0 || q.from != "") {
		left := a.without(tried.members, q.from)
		a = &left
		if n = a.n; n == 0 && local == nil {
			return found{}, newError(NotFound, ExecutedNo,
				"the function %q was withdrawn a moment ago by the only node that had it %s: try again", q.function, withLocs(q.locs))
		}
	}
	switch {
	case n == 0 && local != nil:
		return found{local: local}, nil
	case n == 0:
		return found{}, c.notFound(q)
	case q.hops >= maxHops && local == nil:
		return found{}, newError(NotFound, ExecutedNo,
			"the call was passed on %d times, and no node had the function any more: try again", q.hops)
	}
	if len(q.prefer) > 0 {
		if f, ok := c.preferred(local, a, q); ok {
			return f, nil
		}
	}
	f, l := c.pick(local, a, n)
	if l.unusual() && !f.sound() {
		return c.lastResort(f, local, q, tried), nil
	}
	return f, nil
}

// explore is one in how many calls goes to the slower of two: what it has become
// since is found out by nothing else.
const explore = 32

// pick chooses among n equals, and this node if it is another. One random number is
// enough for all. It returns the load there too.
func (c *cluster) pick(local *offer, a *candidates, n int) (found, load) {
	dice := rand.Uint64()
	if local != nil {
		// This node is one of the two in every draw: it is the one that costs no hop.
		i, _ := two(dice, n)
		here, there := load{c.self.running.Load(), local.health.ns.Load()}, c.loadOf(a.at(i))
		if local.health.until.Load() != 0 {
			here = c.loadOfEjected(&local.health)
		}
		if there.lighter(here) && (dice%explore > 0 || here.ns >= lastResort) {
			return found{place: a.at(i)}, there
		}
		return found{local: local}, here
	}
	if n == 1 {
		p := a.at(0)
		return found{place: p}, c.loadOf(p)
	}
	i, j := two(dice, n)
	p, o := a.at(i), a.at(j)
	x, y := c.loadOf(p), c.loadOf(o)
	if y.lighter(x) {
		p, o, x, y = o, p, y, x
	}
	if dice%explore == 0 && y.ns < unproven && x.lighter(y) {
		p, x = o, y
	}
	return found{place: p}, x
}

// preferred returns who holds most bytes of the command's inputs, if it is one of
// the equals and fit.
func (c *cluster) preferred(local *offer, a *candidates, q *query) (found, bool) {
	for _, h := range q.prefer {
		if h.node == c.self.id {
			if local != nil && local.health.until.Load() == 0 {
				return found{local: local}, true
			}
			continue
		}
		for i := range a.n {
			if p := a.at(i); p.member.id == h.node && p.sound() {
				return found{place: p}, true
			}
		}
	}
	return found{}, false
}

// lastResort returns who runs a command when the choice fell on f, which is ejected
// or suspect: f, if that is to be probed, else anybody who is neither, or else f all
// the same.
func (c *cluster) lastResort(f found, local *offer, q *query, tried *tries) found {
	doubtful := f.place != nil && f.place.member.doubtful.Load()
	if h := f.health(); !doubtful && h.until.Load() != 0 && h.probe(c.clock()) {
		f.probe = true
		return f
	}
	if local != nil && local.health.until.Load() == 0 {
		return found{local: local}
	}
	sound := c.routes.sound(q.function, q.locs, func(p *place) bool {
		return !p.sound() || p.member.id == q.from || slices.Contains(tried.members, p.member)
	})
	if sound != nil {
		return found{place: sound}
	}
	return f
}

// clock returns the time since the node was started, in ns. It never stands at 0.
func (c *cluster) clock() int64 { return int64(time.Since(c.self.started)) + 1 }

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
func (c *cluster) chooseNode(q *query, tried *tries) (found, error) {
	m := c.find(q.node)
	if m == nil {
		return found{}, newError(NotFound, ExecutedNo, "the cluster has no node with the id or the name %q that this one knows of", q.node)
	}
	if slices.Contains(tried.members, m) || q.hops >= maxHops {
		return found{}, newError(Unavailable, ExecutedNo, "node %q can't be reached now", q.node)
	}
	return found{place: &place{member: m}}, nil
}

// chooseReserved is choose for a function that every node has, when this one
// lacks a loc.
func (c *cluster) chooseReserved(q *query, tried *tries) (found, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var doubtful *member
	for _, m := range c.members {
		if !m.callable() || m.id == q.from || slices.Contains(tried.members, m) || q.hops >= maxHops {
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
func (c *cluster) notFound(q *query) *Error {
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
