package mpreg

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// routes says which other nodes can run what. For each function its offers are
// kept by their locs, so that a choice looks at loc sets and not at nodes, and a
// change costs what has changed. The zero routes are empty. It is safe for
// concurrent use, and does no I/O.
type routes struct {
	mu        sync.RWMutex
	functions map[string]*routedFunction // by name
	resources map[string]*resourceSet    // by the key of their locs
	common    map[string][]*resourceSet  // those that have a loc, by that loc

	known    known
	arrivals arrivals
}

// changed is to be called after each change of what this node itself offers: its
// functions, or its resources.
func (r *routes) changed() {
	r.known.own.Add(1)
	r.arrivals.tellAll()
}

// place is a function with some locs at another node. It stays the same while
// the node offers it, whatever else the node changes: what is known of its health was
// paid for with calls.
type place struct {
	member     *member
	health     health
	idempotent bool
}

// sound reports whether calls should go to the place: it is neither ejected nor
// suspect.
func (p *place) sound() bool {
	return p.health.until.Load() == 0 && !p.member.doubtful.Load()
}

// renewed returns the place as it is with a new offer. One that others may be
// reading is not changed.
func (p *place) renewed(o *wire.Offer) *place {
	if p.idempotent == o.Idempotent {
		return p
	}
	n := &place{member: p.member, idempotent: o.Idempotent}
	n.health.ns.Store(p.health.ns.Load())
	n.health.last.Store(p.health.last.Load())
	return n
}

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

// replace puts what a member offers now in the place of what it offered. A nil
// catalog is that of a member that offers nothing.
func (r *routes) replace(m *member, before, after *wire.Catalog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchange(m, before, after)
	r.arrivals.tellOf(after)
}

// apply is replace for a catalog that differs by d from what the member offered
// before: it costs what d holds, unless d sets the resources.
func (r *routes) apply(m *member, before *wire.Catalog, d *wire.Delta) {
	if before == nil {
		before = &wire.Catalog{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.SetsResources {
		after := before.Apply(d)
		r.exchange(m, before, after)
		r.arrivals.tellOf(after)
		return
	}
	on := r.resourcesOf(before)
	for i := range d.Removed {
		if s := r.find(d.Removed[i].Name, d.Removed[i].Locs); s != nil {
			r.remove(s, on, m)
		}
	}
	for i := range d.Added {
		o := &d.Added[i]
		s := r.set(o.Name, o.Locs)
		r.put(s, m, s.place(on, m), o, on, on)
		r.arrivals.tell(o.Name)
	}
	r.release(on)
}

// exchange is replace. mu is held.
func (r *routes) exchange(m *member, before, after *wire.Catalog) {
	from, to := r.resourcesOf(before), r.resourcesOf(after)
	var had map[*set]*place // nil: of the new catalog, too
	if before != nil && len(before.Functions) > 0 {
		had = make(map[*set]*place, len(before.Functions))
		for i := range before.Functions {
			s := r.find(before.Functions[i].Name, before.Functions[i].Locs)
			if s == nil {
				continue
			}
			if p := s.place(from, m); p != nil {
				had[s] = p
			}
		}
	}
	if after != nil {
		for i := range after.Functions {
			o := &after.Functions[i]
			s := r.set(o.Name, o.Locs)
			p, ok := had[s]
			if ok && p == nil || s.endsWith(to, m) && !ok {
				continue // the catalog has it twice
			}
			r.put(s, m, p, o, from, to)
			if ok {
				had[s] = nil
			}
		}
	}
	for s, p := range had {
		if p != nil {
			r.remove(s, from, m)
		}
	}
	r.release(from)
	r.release(to)
}

// put makes a member's place in a set what it is with a new offer and new
// resources; before is nil if there is none yet. mu is held.
func (r *routes) put(s *set, m *member, before *place, o *wire.Offer, from, to *resourceSet) {
	if before == nil {
		r.known.drop(s.function.name)
		s.add(to, &place{member: m, idempotent: o.Idempotent})
		return
	}
	after := before.renewed(o)
	if after == before && from == to {
		return
	}
	r.known.drop(s.function.name)
	s.add(to, after) // first: a set that has no place is forgotten
	r.remove(s, from, m)
}

// remove takes a member's place out of a set, and forgets what is empty then. mu
// is held.
func (r *routes) remove(s *set, on *resourceSet, m *member) {
	r.known.drop(s.function.name)
	s.remove(on, m)
	if len(s.groups) > 0 {
		return
	}
	s.function.forget(s)
	if len(s.function.sets) == 0 {
		delete(r.functions, s.function.name)
	}
}

// find returns a function's set with these locs, or nil. mu is held.
func (r *routes) find(function string, locs []string) *set {
	f := r.functions[function]
	if f == nil {
		return nil
	}
	var few [8]string
	var buffer [128]byte
	return f.sets[string(appendKey(buffer[:0], distinct(few[:0], locs)))]
}

// set returns a function's set with these locs. A new one has no places yet. The
// strings are copied then: they are part of a whole catalog, which would stay in
// memory as long as another member has the function. mu is held.
func (r *routes) set(function string, locs []string) *set {
	f := r.functions[function]
	if f == nil {
		if r.functions == nil {
			r.functions = make(map[string]*routedFunction)
		}
		f = &routedFunction{name: strings.Clone(function), sets: make(map[string]*set)}
		r.functions[f.name] = f
	}
	var few [8]string
	var buffer [128]byte
	own := distinct(few[:0], locs)
	key := appendKey(buffer[:0], own)
	s := f.sets[string(key)]
	if s == nil {
		s = &set{function: f, key: string(key), own: cloned(own)}
		f.insert(s)
	}
	return s
}

// resourcesOf returns the resources of a catalog's node. They are to be released.
// mu is held.
func (r *routes) resourcesOf(c *wire.Catalog) *resourceSet {
	var few [8]string
	var locs []string
	if c != nil {
		locs = distinct(few[:0], c.Resources)
	}
	var buffer [128]byte
	key := appendKey(buffer[:0], locs)
	on := r.resources[string(key)]
	if on != nil {
		return on
	}
	if r.resources == nil {
		r.resources, r.common = make(map[string]*resourceSet), make(map[string][]*resourceSet)
	}
	on = &resourceSet{key: string(key), locs: cloned(locs)}
	r.resources[on.key] = on
	for _, loc := range on.locs {
		r.common[loc] = append(r.common[loc], on)
	}
	return on
}

// release forgets resources that no group refers to. mu is held.
func (r *routes) release(on *resourceSet) {
	if on.groups > 0 || r.resources[on.key] != on {
		return
	}
	delete(r.resources, on.key)
	for _, loc := range on.locs {
		left := slices.DeleteFunc(r.common[loc], func(o *resourceSet) bool { return o == on })
		if len(left) == 0 {
			delete(r.common, loc)
			continue
		}
		r.common[loc] = left
	}
}

// distinct returns locs sorted and each once: themselves if they are, else in
// dst, which is empty.
func distinct(dst, locs []string) []string {
	for i := 1; i < len(locs); i++ {
		if locs[i-1] >= locs[i] {
			dst = append(dst, locs...)
			slices.Sort(dst)
			return slices.Compact(dst)
		}
	}
	return locs
}

// appendKey appends what tells sorted locs from others. A loc may hold any byte.
func appendKey(dst []byte, locs []string) []byte {
	for _, loc := range locs {
		dst = binary.AppendUvarint(dst, uint64(len(loc)))
		dst = append(dst, loc...)
	}
	return dst
}

func cloned(locs []string) []string {
	if len(locs) == 0 {
		return nil
	}
	out := make([]string, len(locs))
	for i, loc := range locs {
		out[i] = strings.Clone(loc)
	}
	return out
}
