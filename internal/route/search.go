package route

import "slices"

// maxProbed bounds by how many resources of nodes among the locs asked for all
// exact sets are looked up: there are two to its power.
const maxProbed = 6

// search is for the groups that have what is wanted, and the fewest surplus locs.
type search[R any] struct {
	want  []string // sorted, each once
	limit int
	able  []*resourceSet // that have all of want; if full, there may be more
	floor int            // no set has fewer surplus locs
	least int            // surplus locs of the groups found
}

// probe finds the sets without a surplus: those that have just what is wanted,
// less some that are resources of their nodes.
func (x *search[R]) probe(dst []group[R], f *entry[R], common []string) []group[R] {
	var buffer [256]byte
	var few [maxProbed]string
	for lacking := range 1 << len(common) {
		key, need, c := buffer[:0], few[:0], 0
		for i, loc := range x.want {
			if c < len(common) && common[c] == loc {
				c++
				if lacking>>(c-1)&1 == 1 {
					need = append(need, loc)
					continue
				}
			}
			key = appendKey(key, x.want[i:i+1])
		}
		if s := f.sets[string(key)]; s != nil {
			dst = x.take(dst, s, 0, need)
		}
	}
	return dst
}

// scan finds the sets of a list with the fewest surplus locs, without those that
// have certain locs of want. It begins with the small ones: a set has at least as
// many surplus locs as it is larger than what it may have of want.
func (x *search[R]) scan(dst []group[R], list *setList[R], without []string) []group[R] {
	if list == nil {
		return dst
	}
	var few [8]string
	for i := range list.sizes {
		size, sets := list.sizes[i].size, list.sizes[i].sets
		floor := max(x.floor, size-(len(x.want)-len(without)))
		w := walkOf(len(sets), x.limit)
		for range sets {
			if len(dst) > 0 && (x.least < floor || x.least == floor && len(dst) >= x.limit) {
				return dst
			}
			s := sets[w.next()]
			need := absent(few[:0], s.own, x.want)
			surplus := size - (len(x.want) - len(need))
			if (len(dst) == 0 || surplus <= x.least) && !slices.ContainsFunc(without, s.has) {
				dst = x.take(dst, s, surplus, need)
			}
		}
	}
	return dst
}

// take takes those groups of a set whose nodes have what the set lacks.
func (x *search[R]) take(dst []group[R], s *set[R], surplus int, need []string) []group[R] {
	if len(need) == len(x.want) && len(x.able) > 0 && len(x.able) < cap(x.able) {
		for _, on := range x.able {
			if g := s.group(on); g != nil {
				dst = x.add(dst, g, surplus)
			}
		}
		return dst
	}
	w := walkOf(len(s.groups), x.limit)
	for range s.groups {
		if g := &s.groups[w.next()]; g.on.has(need) {
			dst = x.add(dst, g, surplus)
			if x.least == surplus && len(dst) >= x.limit {
				break
			}
		}
	}
	return dst
}

func (x *search[R]) add(dst []group[R], g *group[R], surplus int) []group[R] {
	if len(dst) == 0 || surplus < x.least {
		dst, x.least = dst[:0], surplus
	}
	if len(dst) >= x.limit {
		return dst
	}
	return append(dst, *g)
}
