package route

import (
	"cmp"
	"slices"
)

// setList are sets by how many locs they have. It takes as long to add or remove
// one among thousands as among two.
type setList[R any] struct {
	count int
	sizes []sizedSets[R] // ascending; none is empty
}

// sizedSets are sets with the same number of locs.
type sizedSets[R any] struct {
	size int
	sets []*set[R]
}

// add returns where among those of its size the set is.
func (l *setList[R]) add(s *set[R]) int {
	i, ok := l.size(len(s.own))
	if !ok {
		l.sizes = slices.Insert(l.sizes, i, sizedSets[R]{size: len(s.own)})
	}
	sized := &l.sizes[i]
	sized.sets = append(sized.sets, s)
	l.count++
	return len(sized.sets) - 1
}

// remove takes away the set that is at an index among those of its size, and
// returns the one that is there now, if another is.
func (l *setList[R]) remove(s *set[R], at int) *set[R] {
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

func (l *setList[R]) size(n int) (int, bool) {
	return slices.BinarySearchFunc(l.sizes, n, func(s sizedSets[R], n int) int { return cmp.Compare(s.size, n) })
}
