package route

import "slices"

// set are the places of a function that was registered with the same locs. It is
// guarded by the table's mu, but for what never changes: function, key and own.
type set[R any] struct {
	function *entry[R]
	key      string
	own      []string   // sorted, each once
	groups   []group[R] // by resources, in no order; none is empty
	at       []int      // where it is in function.all, and in function.with of each of own
}

// group are the places of a set at nodes with the same resources.
//
// A copy of a group may be read when mu is free again: places only ever grow
// beyond the end of all copies, and lose one by being copied.
type group[R any] struct {
	set    *set[R]
	on     *resourceSet
	places []*Place[R]
}

// has reports whether a loc is one of the set's own.
func (s *set[R]) has(loc string) bool {
	_, ok := slices.BinarySearch(s.own, loc)
	return ok
}

// group returns the group at nodes with some resources, or nil.
func (s *set[R]) group(on *resourceSet) *group[R] {
	for i := range s.groups {
		if s.groups[i].on == on {
			return &s.groups[i]
		}
	}
	return nil
}

// place returns a node's place, or nil.
func (s *set[R]) place(on *resourceSet, n *Node) *Place[R] {
	g := s.group(on)
	if g == nil {
		return nil
	}
	if i := g.index(n); i >= 0 {
		return g.places[i]
	}
	return nil
}

func (g *group[R]) index(n *Node) int {
	return slices.IndexFunc(g.places, func(p *Place[R]) bool { return p.Node == n })
}

// endsWith reports whether the place that was added last to a group is a node's.
func (s *set[R]) endsWith(on *resourceSet, n *Node) bool {
	g := s.group(on)
	return g != nil && g.places[len(g.places)-1].Node == n
}

func (s *set[R]) add(on *resourceSet, p *Place[R]) {
	g := s.group(on)
	if g == nil {
		on.groups++
		s.groups = append(s.groups, group[R]{set: s, on: on})
		g = &s.groups[len(s.groups)-1]
	}
	g.places = append(g.places, p)
}

// remove takes a node's place away; of two the one that was added first.
func (s *set[R]) remove(on *resourceSet, n *Node) {
	g := s.group(on)
	if g == nil {
		return
	}
	i := g.index(n)
	switch {
	case i < 0:
	case len(g.places) > 1:
		g.places = slices.Concat(g.places[:i], g.places[i+1:])
	default:
		last := &s.groups[len(s.groups)-1]
		*g, *last = *last, group[R]{}
		s.groups = s.groups[:len(s.groups)-1]
		on.groups--
	}
}
