package mpreg

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// offersToTell returns what this node offers, in the form in which it tells
// others: sorted, so that the same offers are the same catalog.
func (s *Server) offersToTell() *wire.Catalog {
	catalog := s.Registry.catalog()
	catalog.Resources = s.Resources()
	slices.SortFunc(catalog.Functions, func(a, b wire.Offer) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.Locs, b.Locs))
	})
	return catalog
}

func (r *Registry) catalog() *wire.Catalog {
	r.mu.RLock()
	defer r.mu.RUnlock()
	catalog := new(wire.Catalog)
	for _, offers := range r.offers {
		for _, o := range offers {
			catalog.Functions = append(catalog.Functions, wire.Offer{
				Name: o.name, Locs: o.locs, Signature: o.fn.String(), Doc: o.fn.doc, Idempotent: o.fn.idempotent,
			})
		}
	}
	return catalog
}

// changed has the other nodes told that this one offers something else now. It
// does not wait for that: many changes in a row are told at once.
func (c *cluster) changed() {
	c.routes.Changed() // what this node offers is a route too, for who waits for one
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machine != nil && !c.dirty {
		c.dirty = true
		c.schedule()
	}
}

// tell gives the machine what this node offers now. mu is held.
func (c *cluster) tell(m *gossip.Machine, now time.Duration) {
	c.dirty = false
	catalog := c.self.offersToTell()
	change := c.offered.Diff(catalog)
	if !change.SetsResources && len(change.Removed)+len(change.Added) == 0 {
		return
	}
	body, err := wire.AppendCatalog(nil, catalog)
	if err != nil {
		c.say(func() { c.self.log.Error("what the node offers can't be told", "err", err) })
		return
	}
	// A change that is no smaller than all that there is, is not worth telling.
	delta, err := wire.AppendDelta(nil, change)
	if err != nil || len(delta) > len(body)/2 && len(delta) > smallDelta {
		delta = nil
	}
	c.offered = catalog
	m.Change(now, string(body), string(delta))
}

// smallDelta is the size, in bytes, up to which a change is told as such however
// little the node offers.
const smallDelta = 1 << 10
