package mpreg

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/mpreg/mpreg/internal/route"
)

// Registry holds the functions that a process offers. The zero Registry is
// empty and ready. A [Server] embeds one, so that functions are registered on
// the server; a library that offers functions takes a *Registry. It is safe for
// concurrent use.
type Registry struct {
	node *route.Node // that offers the functions; nil if no server has the registry

	mu      sync.RWMutex
	offers  map[string][]*offer // by name; the one with the fewest locs first
	size    catalogSize         // of all offers
	crews   map[*Function]*crew // the workers that run a function, if it is theirs
	changed func()              // called after each change, without mu; nil if nobody wants to know
}

// FunctionInfo is one entry of a registry's list.
type FunctionInfo struct {
	Name      string   `json:"name"`
	Locs      []string `json:"locs"` // sorted; never nil
	Signature string   `json:"signature"`
	Doc       string   `json:"doc,omitempty"`
}

// reservedPrefix is of the functions that every node has.
const reservedPrefix = "mpreg."

// Register offers fn under a name, with the locs that it runs against. fn is a
// Go function, or what [Func] made of one:
//
//	func([ctx context.Context,] A...) ([R,] [error])
//
// If the last parameter is a struct, a pointer to one, or [Kwargs], keyword
// arguments fill it, and it may be left out: it is then empty, not nil.
// Parameters that have validate tags are checked before each call.
//
// A call names the function and some locs, and goes to an offer that has all of
// them. One name may be registered several times with other locs; the same name
// and set twice is an error, as is a signature that can't be called from
// elsewhere. Names and locs have 1 to 256 characters, none of them a control
// character, and an offer has at most 1,024 locs; a node has at most 65,536 offers, with
// 1,048,576 locs, taken together; echo, echos, list_peers and what
// begins with "mpreg." belong to the node. What is wrong is told here, never in a
// call. A running server offers the function at once.
func (r *Registry) Register(name string, fn any, locs ...string) error {
	if err := checkName("function name", name); err != nil {
		return fmt.Errorf("mpreg: registering %q: %w", name, err)
	}
	if reserved(name) {
		return fmt.Errorf("mpreg: registering %q: the name belongs to the functions that every node has", name)
	}
	if err := r.register(name, fn, locs); err != nil {
		return err
	}
	r.notify()
	return nil
}

func (r *Registry) notify() {
	if r.changed != nil {
		r.changed()
	}
}

func (r *Registry) register(name string, fn any, locs []string) error {
	set, err := locSet(locs)
	if err != nil {
		return fmt.Errorf("mpreg: registering %q: %w", name, err)
	}
	f, ok := fn.(*Function)
	if !ok {
		f = Func(fn)
	}
	if f == nil {
		return fmt.Errorf("mpreg: registering %q: the function is nil", name)
	}
	if f.err != nil {
		return fmt.Errorf("mpreg: registering %q: %w", name, f.err)
	}
	if !f.fn.IsValid() {
		return fmt.Errorf("mpreg: registering %q: the Function is empty: make it with Func", name)
	}
	if err := checkTold(f); err != nil {
		return fmt.Errorf("mpreg: registering %q: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch o := r.exactly(name, set); {
	case o == nil:
	case r.crews[o.fn] != nil:
		return fmt.Errorf("mpreg: registering %q: a worker offers it already %s", name, withLocs(set))
	default:
		return fmt.Errorf("mpreg: registering %q: it is registered already %s", name, withLocs(set))
	}
	if err := r.size.room(catalogSize{1, len(set)}); err != nil {
		return fmt.Errorf("mpreg: registering %q: %w", name, err)
	}
	r.add(newOffer(r.node, name, set, f))
	return nil
}

// exactly returns the offer with exactly these locs, which are sorted; nil if there
// is none. mu is held.
func (r *Registry) exactly(name string, locs []string) *offer {
	for _, o := range r.offers[name] {
		if slices.Equal(o.locs, locs) {
			return o
		}
	}
	return nil
}

// add adds an offer. Lists are replaced and not changed: some are read without mu.
// mu is held.
func (r *Registry) add(o *offer) {
	if r.offers == nil {
		r.offers = make(map[string][]*offer)
	}
	list := append(slices.Clone(r.offers[o.name]), o)
	slices.SortStableFunc(list, func(a, b *offer) int { return cmp.Compare(len(a.locs), len(b.locs)) })
	r.offers[o.name] = list
	r.size.offers++
	r.size.locs += len(o.locs)
}

// remove takes out the offers under a name for which drop is true, and returns how
// many they were. mu is held.
func (r *Registry) remove(name string, drop func(*offer) bool) int {
	before := r.offers[name]
	after := slices.DeleteFunc(slices.Clone(before), func(o *offer) bool {
		dropped := drop(o)
		if dropped {
			r.size.offers--
			r.size.locs -= len(o.locs)
		}
		return dropped
	})
	if len(after) == 0 {
		delete(r.offers, name)
	} else {
		r.offers[name] = after
	}
	return len(before) - len(after)
}

// Unregister withdraws a function: without locs all offers under the name, with
// locs the one with exactly this set. It reports whether there was one. Calls
// that run already go on. What workers offer is theirs to withdraw.
func (r *Registry) Unregister(name string, locs ...string) bool {
	set, err := locSet(locs)
	if err != nil {
		return false
	}
	if !r.withdraw(name, set) {
		return false
	}
	r.notify()
	return true
}

func (r *Registry) withdraw(name string, set []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.remove(name, func(o *offer) bool {
		return r.crews[o.fn] == nil && (len(set) == 0 || slices.Equal(o.locs, set))
	}) > 0
}

// Lookup returns the function that a call with this name and these locs would
// run: of those that offer all of them the one with the fewest locs.
func (r *Registry) Lookup(name string, locs ...string) (*Function, bool) {
	o := r.match(name, locs, nil)
	if o == nil {
		return nil, false
	}
	return o.fn, true
}

// has reports whether there is an offer of a function.
func (r *Registry) has(name string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.offers[name]) > 0
}

// match is Lookup with locs that every offer has besides its own. Of several that
// fit it is the one with the fewest locs that were not asked for.
func (r *Registry) match(name string, locs, common []string) *offer {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var best *offer
	for _, o := range r.offers[name] {
		if o.missing(locs, common) == 0 && (best == nil || route.Surplus(o.locs, locs) < route.Surplus(best.locs, locs)) {
			best = o
		}
	}
	return best
}

// Functions lists what is registered, by name and locs.
func (r *Registry) Functions() []FunctionInfo {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := []FunctionInfo{}
	for _, name := range slices.Sorted(maps.Keys(r.offers)) {
		for _, o := range r.offers[name] {
			list = append(list, FunctionInfo{Name: name, Locs: slices.Clone(o.locs), Signature: o.fn.String(), Doc: o.fn.doc})
		}
	}
	return list
}

// locSets lists the locs of a function's offers, those that all have included.
func (r *Registry) locSets(name string, common []string) [][]string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var sets [][]string
	for _, o := range r.offers[name] {
		sets = append(sets, append(slices.Clone(o.locs), common...))
	}
	return sets
}

// count returns how many offers there are.
func (r *Registry) count() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.size.offers
}
