package mpreg

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// enlist adds a worker to the crews of what it offers: of all of it, or of nothing
// if it returns an error. What all workers offer may take as many bytes as room.
func (r *Registry) enlist(w *worker, offers []wire.WorkerOffer, room int64) *Error {
	offers, err := distinctOffers(offers)
	if err != nil {
		return err
	}
	changed, err := r.join(w, offers, room)
	if changed {
		r.notify()
	}
	return err
}

// distinctOffers returns offers with their locs sorted, and of those for the same
// name and locs the last. The error is about names that no program may register.
func distinctOffers(offers []wire.WorkerOffer) ([]wire.WorkerOffer, *Error) {
	list := make([]wire.WorkerOffer, 0, len(offers))
	places := make(map[string]int, len(offers))
	for _, o := range offers {
		if reserved(o.Function) {
			return nil, newError(InvalidRequest, ExecutedNo, "the function %q can't be offered: the name belongs to the functions that every node has", o.Function)
		}
		if err := checkName("function name", o.Function); err != nil {
			return nil, newError(InvalidRequest, ExecutedNo, "a function can't be offered: %w", err)
		}
		set, err := locSet(o.Locs)
		if err != nil {
			return nil, newError(InvalidRequest, ExecutedNo, "the function %q can't be offered: %w", o.Function, err)
		}
		o.Locs = set
		key := strings.Join(append([]string{o.Function}, set...), "\x00") // which none of them has: see checkName
		if i, again := places[key]; again {
			list[i] = o
			continue
		}
		places[key] = len(list)
		list = append(list, o)
	}
	return list, nil
}

// join is enlist for offers that distinctOffers has returned. It reports whether there
// is anything to tell to the cluster.
func (r *Registry) join(w *worker, offers []wire.WorkerOffer, room int64) (changed bool, refusal *Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.acceptable(w, offers, room); err != nil {
		return false, err
	}
	for _, o := range offers {
		c := r.crew(o.Function, o.Locs)
		if c == nil {
			c = &crew{name: o.Function, locs: o.Locs}
		}
		c.join(w, o)
		c.size = max(c.size, offerSize(o))
		w.crews[c] = struct{}{}
		changed = r.renew(c) || changed
	}
	return changed, nil
}

// acceptable says why what a worker offers can't be added. mu is held.
func (r *Registry) acceptable(w *worker, offers []wire.WorkerOffer, room int64) *Error {
	mine, fresh, size := len(w.crews), catalogSize{}, int64(0)
	for _, c := range r.crews {
		size += c.size
	}
	for _, o := range offers {
		there := r.exactly(o.Function, o.Locs)
		if there == nil {
			fresh.offers++
			fresh.locs += len(o.Locs)
			mine++
			size += offerSize(o)
			continue
		}
		c := r.crews[there.fn]
		if c == nil {
			return newError(InvalidRequest, ExecutedNo, "the function %q %s is the node's own: offer it with other locs", o.Function, withLocs(o.Locs))
		}
		if _, in := w.crews[c]; !in {
			mine++
		}
		size += max(0, offerSize(o)-c.size)
	}
	if err := r.size.room(fresh); err != nil {
		e := newError(ResourceExhausted, ExecutedNo, "%w", err)
		e.Details = map[string]any{wire.DetailLimit: "offers_of_node"}
		return e
	}
	return cmp.Or(
		workerBound("offers_per_link", "functions of the worker", int64(mine), maxWorkerOffers),
		workerBound("offers_of_workers", "functions of workers", int64(len(r.crews)+fresh.offers), maxCrews),
		workerBound("offer_bytes", "bytes of names, locs and docs of what workers offer", size, room),
	)
}

// offerSize is what an offer takes in the node's catalog, roughly.
func offerSize(o wire.WorkerOffer) int64 {
	const head = 4 // of a string, or what else is there of an offer
	n := 2*head + len(o.Function) + len(o.Doc)
	for _, loc := range o.Locs {
		n += head + len(loc)
	}
	return int64(n)
}

func workerBound(limit, of string, n, most int64) *Error {
	if n <= most {
		return nil
	}
	e := newError(ResourceExhausted, ExecutedNo, "there would be %d %s, and the bound %s is %d", n, of, limit, most)
	e.Details = map[string]any{wire.DetailLimit: limit, wire.DetailMax: most}
	return e
}

// dismiss takes a worker out of the crews of some offers, where locs are not given
// out of all with that name, and out of all its crews if there are no offers.
func (r *Registry) dismiss(w *worker, offers []wire.WorkerOffer) {
	if r.part(w, offers) {
		r.notify()
	}
}

func (r *Registry) part(w *worker, offers []wire.WorkerOffer) (changed bool) {
	sets := make(map[string][][]string) // by name
	for _, o := range offers {
		if set, err := locSet(o.Locs); err == nil { // else there is no such offer
			sets[o.Function] = append(sets[o.Function], set)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range w.crews {
		if len(offers) > 0 && !slices.ContainsFunc(sets[c.name], func(set []string) bool {
			return len(set) == 0 || slices.Equal(set, c.locs)
		}) {
			continue
		}
		delete(w.crews, c)
		c.part(w)
		changed = r.renew(c) || changed
	}
	return changed
}

// crew returns the workers that offer a function with exactly these locs, nil if
// there are none. mu is held.
func (r *Registry) crew(name string, locs []string) *crew {
	o := r.exactly(name, locs)
	if o == nil {
		return nil
	}
	return r.crews[o.fn]
}

// renew makes the offer of a crew what the crew is by now, and reports whether it
// was something else. An offer that calls may be using is replaced, not changed. mu
// is held.
func (r *Registry) renew(c *crew) (changed bool) {
	before := r.exactly(c.name, c.locs)
	doc, idempotent, empty := c.describe()
	if before != nil {
		if !empty && before.fn.doc == doc && before.fn.idempotent == idempotent {
			return false
		}
		r.remove(c.name, func(o *offer) bool { return o == before })
		delete(r.crews, before.fn)
	}
	if empty {
		return true
	}
	fn := c.function(doc, idempotent)
	r.add(newOffer(r.node, c.name, c.locs, fn))
	if r.crews == nil {
		r.crews = make(map[*Function]*crew)
	}
	r.crews[fn] = c
	return true
}
