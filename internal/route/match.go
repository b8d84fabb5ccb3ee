package route

// match appends those groups of a function that have all locs and the fewest
// of their own beyond them: the smallest superset, wherever it is. Of more than
// limit it is some, from a random one on: those who choose at random need not see
// all, and a function may have thousands. It allocates nothing if dst has room for
// limit.
func (t *Table[R]) match(dst []group[R], function string, locs []string, limit int) []group[R] {
	t.mu.RLock()
	defer t.mu.RUnlock()
	f := t.functions[function]
	if f == nil {
		return dst
	}
	if least := f.all.sizes[0].sets; len(locs) == 0 && len(least) == 1 && len(least[0].groups) == 1 {
		return append(dst, least[0].groups[0]) // most calls, where nodes are alike
	}
	return t.search(dst, f, locs, limit)
}

// search is match. mu is held for reading.
func (t *Table[R]) search(dst []group[R], f *entry[R], locs []string, limit int) []group[R] {
	var few, some [8]string
	var able [8]*resourceSet
	want := distinct(few[:0], locs)
	common := some[:0] // those that nodes have as resources
	for _, loc := range want {
		if len(t.common[loc]) > 0 {
			common = append(common, loc)
		}
	}
	x := search[R]{want: want, limit: limit}
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
	if x.able = t.offering(able[:0], want); len(want) == 0 || len(x.able) > 0 {
		dst = x.scan(dst, &f.all, want)
	}
	return dst
}
