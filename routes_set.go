package mpreg

import (
	"cmp"
	"slices"
)

// routedFunction is where a function can run. It is guarded by the routes' mu.
type routedFunction struct {
	name string
	sets map[string]*set     // by the key of their own locs
	all  setList             // them all
	with map[string]*setList // those that have a loc, by that loc
}

// set are the places of a function that was registered with the same locs. It is
// guarded by the routes' mu, but for what never changes: function, key and own.
type set struct {
	function *routedFunction
	key      string
	own      []string // sorted, each once
	groups   []group  // by resources, in no order; none is empty
	at       []int    // where it is in function.all, and in function.with of each of own
}

// group are the places of a set at nodes with the same resources.
//
// A copy of a group may be read when mu is free again: places only ever grow
// beyond the end of all copies, and lose one by being copied.
type group struct {
	set    *set
	on     *resourceSet
	places []*place
}

// has reports whether a loc is one of the set's own.
func (s *set) has(loc string) bool {
	_, ok := slices.BinarySearch(s.own, loc)
	return ok
}

// group returns the group at nodes with some resources, or nil.
func (s *set) group(on *resourceSet) *group {
	for i := range s.groups {
		if s.groups[i].on == on {
			return &s.groups[i]
		}
	}
	return nil
}

// place returns a member's place, or nil.
func (s *set) place(on *resourceSet, m *member) *place {
	g := s.group(on)
	if g == nil {
		return nil
	}
	if i := g.index(m); i >= 0 {
		return g.places[i]
	}
	return nil
}

func (g *group) index(m *member) int {
	return slices.IndexFunc(g.places, func(p *place) bool { return p.member == m })
}

// endsWith reports whether the place that was added last to a group is a
// member's.
func (s *set) endsWith(on *resourceSet, m *member) bool {
	g := s.group(on)
	return g != nil && g.places[len(g.places)-1].member == m
}

func (s *set) add(on *resourceSet, p *place) {
	g := s.group(on)
	if g == nil {
		on.groups++
		s.groups = append(s.groups, group{set: s, on: on})
		g = &s.groups[len(s.groups)-1]
	}
	g.places = append(g.places, p)
}

// remove takes a member's place away; of two the one that was added first.
func (s *set) remove(on *resourceSet, m *member) {
	g := s.group(on)
	if g == nil {
		return
	}
	i := g.index(m)
	switch {
	case i < 0:
	case len(g.places) > 1:
		g.places = slices.Concat(g.places[:i], g.places[i+1:])
	default:
		last := &s.groups[len(s.groups)-1]
		*g, *last = *last, group{}
		s.groups = s.groups[:len(s.groups)-1]
		on.groups--
	}
}

// insert adds a set that is new.
func (f *routedFunction) insert(s *set) {
	f.sets[s.key] = s
	s.at = make([]int, 1+len(s.own))
	s.at[0] = f.all.add(s)
	for i, loc := range s.own {
		l := f.with[loc]
		if l == nil {
			if f.with == nil {
				f.with = make(map[string]*setList)
			}
			l = new(setList)
			f.with[loc] = l
		}
		s.at[i+1] = l.add(s)
	}
}

// forget takes out a set that has no places any more.
func (f *routedFunction) forget(s *set) {
	delete(f.sets, s.key)
	if moved := f.all.remove(s, s.at[0]); moved != nil {
		moved.at[0] = s.at[0]
	}
	for i, loc := range s.own {
		l := f.with[loc]
		if moved := l.remove(s, s.at[i+1]); moved != nil {
			j, _ := slices.BinarySearch(moved.own, loc)
			moved.at[j+1] = s.at[i+1]
		}
		if l.count == 0 {
			delete(f.with, loc)
		}
	}
}

// setList are sets by how many locs they have. It takes as long to add or remove
// one among thousands as among two.
type setList struct {
	count int
	sizes []sizedSets // ascending; none is empty
}

// sizedSets are sets with the same number of locs.
type sizedSets struct {
	size int
	sets []*set
}

// add returns where among those of its size the set is.
func (l *setList) add(s *set) int {
	i, ok := l.size(len(s.own))
	if !ok {
		l.sizes = slices.Insert(l.sizes, i, sizedSets{size: len(s.own)})
	}
	sized := &l.sizes[i]
	sized.sets = append(sized.sets, s)
	l.count++
	return len(sized.sets) - 1
}

// remove takes away the set that is at an index among those of its size, and
// returns the one that is there now, if another is.
func (l *setList) remove(s *set, at int) *set {
	i, _ := l.size(len(s.own))
	sized := &l.sizes[i]
	last := len(sized.sets) - 1
	moved := sized.sets[last]
	sized.sets[at], sized.sets[last] = moved, nil
	sized.sets = sized.sets[:last]
	l.count--
	if last == 0 {
		l.sizes = slices.Delete(l.sizes, i, i+1)
	}
	if moved == s {
		return nil
	}
	return moved
}

func (l *setList) size(n int) (int, bool) {
	return slices.BinarySearchFunc(l.sizes, n, func(s sizedSets, n int) int { return cmp.Compare(s.size, n) })
}
