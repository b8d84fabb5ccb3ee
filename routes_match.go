package mpreg

import (
	"math/rand/v2"
	"slices"
)

// matching appends those groups of a function that have all locs and the fewest
// of their own beyond them: the smallest superset, wherever it is. Of more than
// limit it is some, from a random one on: those who choose at random need not see
// all, and a function may have thousands. It allocates nothing if dst has room for
// limit.
func (r *routes) matching(dst []group, function string, locs []string, limit int) []group {
	r.mu.RLock()
	defer r.mu.RUnlock()
	f := r.functions[function]
	if f == nil {
		return dst
	}
	if least := f.all.sizes[0].sets; len(locs) == 0 && len(least) == 1 && len(least[0].groups) == 1 {
		return append(dst, least[0].groups[0]) // most calls, where nodes are alike
	}
	return r.search(dst, f, locs, limit)
}

// search is matching. mu is held for reading.
func (r *routes) search(dst []group, f *routedFunction, locs []string, limit int) []group {
	var few, some [8]string
	var able [8]*resourceSet
	want := distinct(few[:0], locs)
	common := some[:0] // those that nodes have as resources
	for _, loc := range want {
		if len(r.common[loc]) > 0 {
			common = append(common, loc)
		}
	}
	x := search{want: want, limit: limit}
	if len(common) <= maxProbed && 1<<len(common) < f.all.count {
		if dst = x.probe(dst, f, common); len(dst) > 0 {
			return dst
		}
		x.floor = 1
	}
	if len(common) < len(want) {
		return x.scan(dst, f.rarest(want, common), nil)
	}
	for i, loc := range want {
		dst = x.scan(dst, f.with[loc], want[:i])
	}
	if x.able = r.offering(able[:0], want); len(want) == 0 || len(x.able) > 0 {
		dst = x.scan(dst, &f.all, want)
	}
	return dst
}

// offering appends resources that have all of locs, as many as dst has room for.
// mu is held for reading.
func (r *routes) offering(dst []*resourceSet, locs []string) []*resourceSet {
	if len(locs) == 0 {
		return dst
	}
	least := r.common[locs[0]]
	for _, loc := range locs[1:] {
		if list := r.common[loc]; len(list) < len(least) {
			least = list
		}
	}
	for _, on := range least {
		if len(dst) == cap(dst) {
			break
		}
		if on.has(locs) {
			dst = append(dst, on)
		}
	}
	return dst
}

// rarest returns the sets that have a loc of want that is not common, for the loc
// that the fewest have; nil if there is none that could have all of these.
func (f *routedFunction) rarest(want, common []string) *setList {
	least := &f.all
	for _, loc := range want {
		if slices.Contains(common, loc) {
			continue // a set may do without it
		}
		l := f.with[loc]
		if l == nil {
			return nil
		}
		if l.count < least.count {
			least = l
		}
	}
	return least
}

// surplus counts the locs of an offer's own that were not asked for. Those of its
// node do not count: they are the same for all that the node offers, and would
// send every call to the node that has least.
func surplus(own, locs []string) int {
	n := 0
	for _, loc := range own {
		if !slices.Contains(locs, loc) {
			n++
		}
	}
	return n
}

// holders returns the ids of nodes that have a function: one for each of its
// groups.
func (r *routes) holders(function string) []string {
	var ids []string
	seen := make(map[string]bool)
	r.each(function, func(g *group) {
		if id := g.places[0].member.id; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	})
	return ids
}

// sound returns a place of a function with all locs that is not to be skipped, of
// those one with the fewest locs of its own; nil if there is none. It looks at all
// places, and is for the moment after nodes have fallen silent or failed.
func (r *routes) sound(function string, locs []string, skip func(*place) bool) *place {
	var few, some [8]string
	want := distinct(few[:0], locs)
	var best *place
	r.each(function, func(g *group) {
		if best != nil || !g.on.has(absent(some[:0], g.set.own, want)) {
			return
		}
		start := rand.IntN(len(g.places))
		for i := range g.places {
			p := g.places[(start+i)%len(g.places)]
			if !skip(p) {
				best = p
				return
			}
		}
	})
	return best
}

// closest returns the locs of that offer of a function, and of its node, that
// lacks the fewest of locs; nil if there is no offer.
func (r *routes) closest(function string, locs []string) []string {
	var few [8]string
	want := distinct(few[:0], locs)
	var best []string
	least := len(want) + 1
	r.each(function, func(g *group) {
		lacks := 0
		for _, loc := range want {
			_, own := slices.BinarySearch(g.set.own, loc)
			if !own && !g.on.has([]string{loc}) {
				lacks++
			}
		}
		if lacks < least {
			least = lacks
			best = append(append([]string{}, g.set.own...), g.on.locs...)
		}
	})
	slices.Sort(best)
	return slices.Compact(best)
}

// each calls visit with the groups of a function, those with the fewest locs of
// their own first. visit must not keep them, nor call routes.
func (r *routes) each(function string, visit func(*group)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	f := r.functions[function]
	if f == nil {
		return
	}
	for _, sized := range f.all.sizes {
		for _, s := range sized.sets {
			for i := range s.groups {
				visit(&s.groups[i])
			}
		}
	}
}
