package route

import "slices"

// entry is a function in the table: where it can run. It is guarded by the table's mu.
type entry[R any] struct {
	name string
	sets map[string]*set[R]     // by the key of their own locs
	all  setList[R]             // them all
	with map[string]*setList[R] // those that have a loc, by that loc
}

// insert adds a set that is new.
func (f *entry[R]) insert(s *set[R]) {
	f.sets[s.key] = s
	s.at = make([]int, 1+len(s.own))
	s.at[0] = f.all.add(s)
	for i, loc := range s.own {
		l := f.with[loc]
		if l == nil {
			if f.with == nil {
				f.with = make(map[string]*setList[R])
			}
			l = new(setList[R])
			f.with[loc] = l
		}
		s.at[i+1] = l.add(s)
	}
}

// forget takes out a set that has no places any more.
func (f *entry[R]) forget(s *set[R]) {
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

// rarest returns the sets that have a loc of want that is not common, for the loc
// that the fewest have; nil if there is none that could have all of these.
func (f *entry[R]) rarest(want, common []string) *setList[R] {
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
