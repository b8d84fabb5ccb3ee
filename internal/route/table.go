package route

import (
	"strings"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// Table says which other nodes can run what, and which of them runs a call. For each
// function its offers are kept by their locs, so that a choice looks at loc sets and
// not at nodes, and a change costs what has changed. R is what runs a call at a place;
// the table hands it back and never looks at it. Tables are made by [New], and are safe
// for concurrent use.
type Table[R any] struct {
	Arrivals Arrivals // of offers, for those who wait for one

	home Home[R]

	mu        sync.RWMutex
	functions map[string]*entry[R]      // by name
	resources map[string]*resourceSet   // by the key of their locs
	common    map[string][]*resourceSet // those that have a loc, by that loc

	known known[R]
}

// New returns the table of a node that knows of no other.
func New[R any](home Home[R]) *Table[R] {
	return &Table[R]{home: home}
}

// Changed is to be called after each change of what [Home.Offer] returns: what is
// chosen after that goes by it.
func (t *Table[R]) Changed() {
	t.known.own.Add(1)
	t.Arrivals.tellAll()
}

// Replace puts what a node offers now in the place of what it offered, which must be
// what the table was told last; run is what runs a call there. A nil catalog is that
// of a node that offers nothing. The catalogs are not kept.
func (t *Table[R]) Replace(n *Node, run R, before, after *wire.Catalog) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exchange(n, run, before, after)
	t.Arrivals.tellOf(after)
}

// Apply is Replace for a catalog that differs by d from what the node offered
// before: it costs what d holds, unless d sets the resources.
func (t *Table[R]) Apply(n *Node, run R, before *wire.Catalog, d *wire.Delta) {
	if before == nil {
		before = &wire.Catalog{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.SetsResources {
		after := before.Apply(d)
		t.exchange(n, run, before, after)
		t.Arrivals.tellOf(after)
		return
	}
	on := t.resourcesOf(before)
	for i := range d.Removed {
		if s := t.find(d.Removed[i].Name, d.Removed[i].Locs); s != nil {
			t.remove(s, on, n)
		}
	}
	for i := range d.Added {
		o := &d.Added[i]
		s := t.set(o.Name, o.Locs)
		p := s.place(on, n)
		t.put(s, p, placeOf(n, run, o, p), on, on)
		t.Arrivals.tell(o.Name)
	}
	t.release(on)
}

// exchange is Replace. mu is held.
func (t *Table[R]) exchange(n *Node, run R, before, after *wire.Catalog) {
	from, to := t.resourcesOf(before), t.resourcesOf(after)
	var had map[*set[R]]*Place[R] // nil: of the new catalog, too
	if before != nil && len(before.Functions) > 0 {
		had = make(map[*set[R]]*Place[R], len(before.Functions))
		for i := range before.Functions {
			s := t.find(before.Functions[i].Name, before.Functions[i].Locs)
			if s == nil {
				continue
			}
			if p := s.place(from, n); p != nil {
				had[s] = p
			}
		}
	}
	if after != nil {
		for i := range after.Functions {
			o := &after.Functions[i]
			s := t.set(o.Name, o.Locs)
			p, ok := had[s]
			if ok && p == nil || s.endsWith(to, n) && !ok {
				continue // the catalog has it twice
			}
			t.put(s, p, placeOf(n, run, o, p), from, to)
			if ok {
				had[s] = nil
			}
		}
	}
	for s, p := range had {
		if p != nil {
			t.remove(s, from, n)
		}
	}
	t.release(from)
	t.release(to)
}

// put replaces a node's place in a set, as its offer and its resources are now; before
// is nil if there is none yet. mu is held.
func (t *Table[R]) put(s *set[R], before, after *Place[R], from, to *resourceSet) {
	if before == after && from == to {
		return
	}
	t.known.drop(s.function.name)
	s.add(to, after) // first: a set that has no place is forgotten
	if before != nil {
		t.remove(s, from, before.Node)
	}
}

// remove takes a node's place out of a set, and forgets what is empty then. mu
// is held.
func (t *Table[R]) remove(s *set[R], on *resourceSet, n *Node) {
	t.known.drop(s.function.name)
	s.remove(on, n)
	if len(s.groups) > 0 {
		return
	}
	s.function.forget(s)
	if len(s.function.sets) == 0 {
		delete(t.functions, s.function.name)
	}
}

// find returns a function's set with these locs, or nil. mu is held.
func (t *Table[R]) find(function string, locs []string) *set[R] {
	f := t.functions[function]
	if f == nil {
		return nil
	}
	var few [8]string
	var buffer [128]byte
	return f.sets[string(appendKey(buffer[:0], distinct(few[:0], locs)))]
}

// set returns a function's set with these locs. A new one has no places yet. The
// strings are copied then: they are part of a whole catalog, which would stay in
// memory as long as another node has the function. mu is held.
func (t *Table[R]) set(function string, locs []string) *set[R] {
	f := t.functions[function]
	if f == nil {
		if t.functions == nil {
			t.functions = make(map[string]*entry[R])
		}
		f = &entry[R]{name: strings.Clone(function), sets: make(map[string]*set[R])}
		t.functions[f.name] = f
	}
	var few [8]string
	var buffer [128]byte
	own := distinct(few[:0], locs)
	key := appendKey(buffer[:0], own)
	s := f.sets[string(key)]
	if s == nil {
		s = &set[R]{function: f, key: string(key), own: cloned(own)}
		f.insert(s)
	}
	return s
}
