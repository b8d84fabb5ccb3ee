package mpreg

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// routes says which other nodes can run what: for each function its offers,
// those with the same locs together, so that a choice looks at loc sets and not
// at nodes. The zero routes are empty. It is safe for concurrent use, and does
// no I/O.
type routes struct {
	mu        sync.RWMutex
	functions map[string][]*group // by function
}

// group are the places of a function that have the same locs. It is never
// changed, only replaced.
type group struct {
	own    []string // that the function was registered with, sorted
	all    []string // and those of the node's resources, sorted
	places []*place
}

// place is a function at another node.
type place struct {
	member     *member
	idempotent bool
	latency    *latency
}

// offers reports whether the group has all locs.
func (g *group) offers(locs []string) bool {
	for _, loc := range locs {
		if _, ok := slices.BinarySearch(g.all, loc); !ok {
			return false
		}
	}
	return true
}

// replace puts what a member offers now in the place of what it offered. A nil
// catalog is that of a member that is gone.
func (r *routes) replace(m *member, before, after *wire.Catalog) {
	offers := make(map[string][]wire.Offer)
	if before != nil {
		for _, o := range before.Functions {
			offers[o.Name] = nil
		}
	}
	if after != nil {
		for _, o := range after.Functions {
			offers[o.Name] = append(offers[o.Name], o)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.functions == nil {
		r.functions = make(map[string][]*group)
	}
	maps.DeleteFunc(m.latencies, func(name string, _ *latency) bool { _, ok := offers[name]; return !ok })
	for name, list := range offers {
		groups := without(r.functions[name], m)
		groups = with(groups, list, after, m)
		if len(groups) == 0 {
			delete(r.functions, name)
			continue
		}
		r.functions[name] = groups
	}
}

// without returns groups less a member's places.
func without(groups []*group, m *member) []*group {
	out := make([]*group, 0, len(groups)+1)
	for _, g := range groups {
		left := slices.DeleteFunc(slices.Clone(g.places), func(p *place) bool { return p.member == m })
		if len(left) > 0 {
			out = append(out, &group{g.own, g.all, left})
		}
	}
	return out
}

// with returns groups, which nobody else has, and a member's offers of one
// function.
func with(groups []*group, offers []wire.Offer, of *wire.Catalog, m *member) []*group {
	if len(offers) == 0 {
		return groups
	}
	key := func(own, all []string) string { return strings.Join(own, "\x00") + "\x01" + strings.Join(all, "\x00") }
	index := make(map[string]int, len(groups)+len(offers))
	for i, g := range groups {
		index[key(g.own, g.all)] = i
	}
	for _, o := range offers {
		own := slices.Sorted(slices.Values(o.Locs))
		all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(own, of.Resources))))
		p := &place{m, o.Idempotent, m.latency(o.Name)}
		k := key(own, all)
		if i, ok := index[k]; ok {
			groups[i] = &group{own, all, append(slices.Clone(groups[i].places), p)}
			continue
		}
		index[k] = len(groups)
		groups = append(groups, &group{own, all, []*place{p}})
	}
	return groups
}

// of returns the groups of a function.
func (r *routes) of(function string) []*group {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.functions[function]
}

// holders returns the ids of nodes that have a function: one for each of its
// groups.
func (r *routes) holders(function string) []string {
	var ids []string
	for _, g := range r.of(function) {
		if id := g.places[0].member.id; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// matching appends those groups that have all locs and the fewest beyond them:
// the smallest superset, wherever it is.
func matching(dst, groups []*group, locs []string) []*group {
	least := 0
	for _, g := range groups {
		if !g.offers(locs) {
			continue
		}
		n := surplus(g.own, locs)
		if len(dst) == 0 || n < least {
			dst, least = dst[:0], n
		}
		if n == least {
			dst = append(dst, g)
		}
	}
	return dst
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

// two picks two different places at random out of n, the lesser load of which is
// chosen then: of all ways to balance that know little, the one that avoids herds
// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
func two(n int) (int, int) {
	a, b := rand.IntN(n), rand.IntN(n-1)
	if b >= a {
		b++
	}
	return a, b
}

// at returns the i-th place of several groups.
func at(groups []*group, i int) *place {
	for _, g := range groups {
		if i < len(g.places) {
			return g.places[i]
		}
		i -= len(g.places)
	}
	return nil
}
