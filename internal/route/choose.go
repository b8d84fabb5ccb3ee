package route

import "slices"

// Choice is where a call is to run. The zero Choice is nowhere.
type Choice[R any] struct {
	Place *Place[R]
	Probe bool // the place is ejected, and allowed this call: its end must be added to its health, or be given back by Skip
}

// Skip gives back what choosing has taken, for a call that is not made after all.
func (c Choice[R]) Skip(now int64) {
	if c.Probe {
		c.Place.Health.probed(now)
	}
}

// Miss says why there is no choice. The zero Miss says that there is one.
type Miss uint8

// The reasons.
const (
	Found      Miss = iota
	NotOffered      // nobody has the function with all locs
	Withdrawn       // whoever had it has passed the call on, or was tried
	Everywhere      // every node has the function, but this one lacks a loc: tables list no others
	TooFar          // others have it, and the call was passed on MaxHops times
)

// Choose picks who runs a call: of those that offer the function with all locs, and
// the fewest beyond them, who holds most of its inputs, or else the one of two random
// ones where it would wait less. This node wins ties. Nodes that were tried are left
// out.
func (t *Table[R]) Choose(q *Query, tried []*Node) (Choice[R], Miss) {
	a := t.known.find(q)
	if a == nil {
		a = t.learn(q)
	}
	if a == nil {
		return t.chooseUnknown(q, tried)
	}
	return t.chooseOf(&a.candidates, &a.rival, q, tried)
}

// chooseUnknown is Choose where the candidates are not remembered.
func (t *Table[R]) chooseUnknown(q *Query, tried []*Node) (Choice[R], Miss) {
	var few [8]group[R]
	limit := len(few)
	if len(tried) > 0 || q.From != "" || len(q.Prefer) > 0 {
		limit = maxLearned // those that are left, or are preferred, may be any
	}
	c := candidatesOf(t.match(few[:0], q.Function, q.Locs, limit))
	r := rivalOf(t.home.Offer(q.Function, q.Locs), &c, q.Locs)
	return t.chooseOf(&c, &r, q, tried)
}

// chooseOf chooses among candidates and what this node has.
func (t *Table[R]) chooseOf(c *candidates[R], r *rival[R], q *Query, tried []*Node) (Choice[R], Miss) {
	local, n := r.place, c.n
	here := slices.Contains(tried, t.home.Node)
	if here {
		local = nil
	}
	switch {
	case local != nil && (q.Hops > 0 || q.Here || r.every):
		return Choice[R]{Place: local}, Found // who passed it on has chosen
	case q.Here:
		return Choice[R]{}, NotOffered
	case r.every:
		return Choice[R]{}, Everywhere
	case local != nil && r.nearer < 0:
		n = 0
	case r.nearer > 0 && n > 0:
		local = nil
	}
	if others := len(tried) > 1 || len(tried) == 1 && !here; n > 0 && (others || q.From != "") {
		left := c.without(tried, q.From)
		c = &left
		if n = c.n; n == 0 && local == nil {
			return Choice[R]{}, Withdrawn
		}
	}
	switch {
	case n == 0 && local != nil:
		return Choice[R]{Place: local}, Found
	case n == 0:
		return Choice[R]{}, NotOffered
	case q.Hops >= MaxHops && local == nil:
		return Choice[R]{}, TooFar
	}
	if len(q.Prefer) > 0 {
		if p := t.preferred(local, c, q); p != nil {
			return Choice[R]{Place: p}, Found
		}
	}
	p, l := t.pick(local, c, n)
	if l.unusual() && !p.Sound() {
		return t.lastResort(p, local, q, tried), Found
	}
	return Choice[R]{Place: p}, Found
}

// preferred returns who holds most bytes of the call's inputs, if it is one of the
// equals and sound; else nil.
func (t *Table[R]) preferred(local *Place[R], c *candidates[R], q *Query) *Place[R] {
	for _, h := range q.Prefer {
		if h.Node == t.home.Node.ID {
			if local != nil && local.Sound() {
				return local
			}
			continue
		}
		for i := range c.n {
			if p := c.at(i); p.Node.ID == h.Node && p.Sound() {
				return p
			}
		}
	}
	return nil
}

// lastResort returns who runs a call when the choice fell on p, which is ejected or
// suspect: p, if that is to be probed, else any that is neither, or else p all the
// same.
func (t *Table[R]) lastResort(p, local *Place[R], q *Query, tried []*Node) Choice[R] {
	if !p.Node.Suspect.Load() && p.Health.Ejected() && p.Health.probe(t.home.Clock()) {
		return Choice[R]{Place: p, Probe: true}
	}
	if local != nil && local.Sound() {
		return Choice[R]{Place: local}
	}
	sound := t.sound(q.Function, q.Locs, func(p *Place[R]) bool {
		return p.Node.ID == q.From || slices.Contains(tried, p.Node)
	})
	if sound != nil {
		return Choice[R]{Place: sound}
	}
	return Choice[R]{Place: p}
}
