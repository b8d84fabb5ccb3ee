package route

import (
	"math/rand/v2"
	"slices"
)

// Holders returns the ids of nodes that have a function: one for each of its
// groups.
func (t *Table[R]) Holders(function string) []string {
	var ids []string
	seen := make(map[string]bool)
	t.each(function, func(g *group[R]) {
		if id := g.places[0].Node.ID; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	})
	return ids
}

// sound returns a sound place of a function with all locs that is not to be skipped, of
// those one with the fewest locs of its own; nil if there is none. It looks at all
// places, and is for the moment after nodes have fallen silent or failed.
func (t *Table[R]) sound(function string, locs []string, skip func(*Place[R]) bool) *Place[R] {
	var few, some [8]string
	want := distinct(few[:0], locs)
	var best *Place[R]
	t.each(function, func(g *group[R]) {
		if best != nil || !g.on.has(absent(some[:0], g.set.own, want)) {
			return
		}
		start := rand.IntN(len(g.places))
		for i := range g.places {
			p := g.places[(start+i)%len(g.places)]
			if p.Sound() && !skip(p) {
				best = p
				return
			}
		}
	})
	return best
}

// Closest returns the locs of that offer of a function, and of its node, that
// lacks the fewest of locs; nil if there is no offer.
func (t *Table[R]) Closest(function string, locs []string) []string {
	var few [8]string
	want := distinct(few[:0], locs)
	var best []string
	least := len(want) + 1
	t.each(function, func(g *group[R]) {
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
// their own first. visit must not keep them, nor call the table.
func (t *Table[R]) each(function string, visit func(*group[R])) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	f := t.functions[function]
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
