package gossip

import (
	"cmp"
	"slices"
	"strings"
)

const (
	// ringCount rings with two neighbours each make a graph in which the sets of
	// nodes have many edges to the rest: no small group is cut off by few
	// failures, and news reaches all in about log N hops.
	ringCount = 4

	// meshMax is the largest cluster in which everybody observes everybody: 15
	// links cost little, and all nodes are one hop apart.
	meshMax = 16
)

// rings hold the live nodes that can be dialed, each in an order of its own.
type rings [ringCount][]place

type place struct {
	hash uint64
	r    *record
}

func (p place) compare(q place) int {
	if c := cmp.Compare(p.hash, q.hash); c != 0 {
		return c
	}
	return strings.Compare(p.r.id, q.r.id)
}

func placeOf(r *record, ring int) place {
	return place{mix(r.key + uint64(ring+1)*golden), r}
}

func (rs *rings) add(r *record) {
	for i := range rs {
		p := placeOf(r, i)
		at, _ := slices.BinarySearchFunc(rs[i], p, place.compare)
		rs[i] = slices.Insert(rs[i], at, p)
	}
}

func (rs *rings) remove(r *record) {
	for i := range rs {
		if at, ok := slices.BinarySearchFunc(rs[i], placeOf(r, i), place.compare); ok {
			rs[i] = slices.Delete(rs[i], at, at+1)
		}
	}
}

// around appends to dst who comes before and after r on each ring, each node once.
// r need not be on the rings itself. Nodes for which skip is true are passed over;
// a nil skip passes over nobody.
func (rs *rings) around(dst []*record, r *record, skip func(*record) bool) []*record {
	start := len(dst)
	for i, ring := range rs {
		at, here := slices.BinarySearchFunc(ring, placeOf(r, i), place.compare)
		after := at
		if here {
			after++
		}
		for _, step := range [...]struct{ from, by int }{{after, 1}, {at - 1, -1}} {
			n := nearest(ring, r, step.from, step.by, skip)
			if n != nil && !slices.Contains(dst[start:], n) {
				dst = append(dst, n)
			}
		}
	}
	return dst
}

// nearest goes along the ring once and returns the first other than r that is not
// skipped; nil if there is none.
func nearest(ring []place, r *record, from, by int, skip func(*record) bool) *record {
	for range ring {
		n := ring[(from+len(ring))%len(ring)].r
		if n != r && (skip == nil || !skip(n)) {
			return n
		}
		from = (from + by) % len(ring)
	}
	return nil
}

// observers appends to dst who watches over r. It depends on the view only: nodes
// with the same view agree.
func (v *view) observers(dst []*record, r *record) []*record {
	if v.live > meshMax {
		return v.rings.around(dst, r, nil)
	}
	for _, o := range v.sorted {
		if o != r && o.live() && (o.dialable() || r.dialable()) {
			dst = append(dst, o)
		}
	}
	return dst
}
