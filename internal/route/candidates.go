package route

import (
	"cmp"
	"slices"
)

// candidates are the places at other nodes where a function with some locs can run,
// and equally well. They do not change: others may be choosing from them.
type candidates[R any] struct {
	groups []group[R]  // the places, or some of them
	places []*Place[R] // instead of groups, if they are all
	n      int
}

// candidatesOf returns the places of groups.
func candidatesOf[R any](groups []group[R]) candidates[R] {
	n := 0
	for _, g := range groups {
		n += len(g.places)
	}
	return candidates[R]{groups: groups, n: n}
}

// at returns the i-th of the n places.
func (c *candidates[R]) at(i int) *Place[R] {
	if c.groups == nil {
		return c.places[i]
	}
	for _, g := range c.groups {
		if i < len(g.places) {
			return g.places[i]
		}
		i -= len(g.places)
	}
	return nil
}

// gather puts the places of all groups into one list. It returns how many it had to
// copy for that.
func (c *candidates[R]) gather() (copied int) {
	switch len(c.groups) {
	case 0:
	case 1:
		c.places = c.groups[0].places
	default:
		c.places = make([]*Place[R], 0, c.n)
		for _, g := range c.groups {
			c.places = append(c.places, g.places...)
		}
		copied = c.n
	}
	c.groups = nil
	return copied
}

// without returns the candidates but for some nodes.
func (c *candidates[R]) without(nodes []*Node, from string) candidates[R] {
	var left candidates[R]
	for i := range c.n {
		if p := c.at(i); p.Node.ID != from && !slices.Contains(nodes, p.Node) {
			left.places = append(left.places, p)
		}
	}
	left.n = len(left.places)
	return left
}

// rival is what this node itself has that candidates have to be compared to.
type rival[R any] struct {
	place  *Place[R] // nil if it has none that fits
	nearer int       // < 0 if it has fewer locs beyond those asked for than the candidates have, > 0 if more
	every  bool      // every node has the function
}

// rivalOf compares what this node has to candidates, which are not gathered yet.
func rivalOf[R any](own Own[R], c *candidates[R], locs []string) rival[R] {
	r := rival[R]{place: own.Place, every: own.Everywhere}
	if own.Place != nil && c.n > 0 {
		r.nearer = cmp.Compare(Surplus(own.Locs, locs), Surplus(c.groups[0].set.own, locs))
	}
	return r
}
