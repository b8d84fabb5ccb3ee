package route

import (
	"slices"

	"github.com/mpreg/mpreg/internal/wire"
)

// resourceSet are the resources of a node, one for all nodes that have the same.
type resourceSet struct {
	key    string
	locs   []string // sorted, each once
	groups int      // that refer to it
}

// has reports whether all of locs are among the resources.
func (on *resourceSet) has(locs []string) bool {
	for _, loc := range locs {
		if _, ok := slices.BinarySearch(on.locs, loc); !ok {
			return false
		}
	}
	return true
}

// resourcesOf returns the resources of a catalog's node. They are to be released.
// mu is held.
func (t *Table[R]) resourcesOf(c *wire.Catalog) *resourceSet {
	var few [8]string
	var locs []string
	if c != nil {
		locs = distinct(few[:0], c.Resources)
	}
	var buffer [128]byte
	key := appendKey(buffer[:0], locs)
	on := t.resources[string(key)]
	if on != nil {
		return on
	}
	if t.resources == nil {
		t.resources, t.common = make(map[string]*resourceSet), make(map[string][]*resourceSet)
	}
	on = &resourceSet{key: string(key), locs: cloned(locs)}
	t.resources[on.key] = on
	for _, loc := range on.locs {
		t.common[loc] = append(t.common[loc], on)
	}
	return on
}

// release forgets resources that no group refers to. mu is held.
func (t *Table[R]) release(on *resourceSet) {
	if on.groups > 0 || t.resources[on.key] != on {
		return
	}
	delete(t.resources, on.key)
	for _, loc := range on.locs {
		left := slices.DeleteFunc(t.common[loc], func(o *resourceSet) bool { return o == on })
		if len(left) == 0 {
			delete(t.common, loc)
			continue
		}
		t.common[loc] = left
	}
}

// offering appends resources that have all of locs, as many as dst has room for.
// mu is held for reading.
func (t *Table[R]) offering(dst []*resourceSet, locs []string) []*resourceSet {
	if len(locs) == 0 {
		return dst
	}
	least := t.common[locs[0]]
	for _, loc := range locs[1:] {
		if list := t.common[loc]; len(list) < len(least) {
			least = list
		}
	}
	for _, on := range least {
		if len(dst) == cap(dst) {
			break
		}
		if on.has(locs) {
			dst = append(dst, on)
		}
	}
	return dst
}
