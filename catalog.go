package mpreg

import (
	"context"

	"github.com/mpreg/mpreg/internal/wire"
)

// catalog returns what this node offers, in the form in which it tells others.
func (c *cluster) catalog() wire.Catalog {
	c.mu.Lock()
	version := c.version
	c.mu.Unlock()
	// What changes from here on is told with a later version.
	catalog := c.self.offersToTell()
	catalog.Version = version
	catalog.Resources = c.self.Resources()
	return catalog
}

func (r *Registry) offersToTell() wire.Catalog {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var catalog wire.Catalog
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
// does not wait for that: many changes in a row are told in few messages.
func (c *cluster) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version++
	c.tellSoon()
}

// tellSoon is changed for members that were not told of an earlier change. mu is
// held.
func (c *cluster) tellSoon() {
	c.dirty = true
	if !c.busy && !c.closed && len(c.members) > 0 {
		c.busy = true
		c.telling.Go(c.tell)
	}
}

// tell sends the catalog to all nodes until it has not changed meanwhile.
func (c *cluster) tell() {
	for {
		c.mu.Lock()
		if !c.dirty || c.closed {
			c.busy = false
			c.mu.Unlock()
			return
		}
		c.dirty = false
		var sessions []*session
		for _, m := range c.members {
			sessions = append(sessions, m.sessions...)
		}
		c.mu.Unlock()
		catalog := c.catalog()
		var frame wire.Frame
		if err := frame.Catalog(&catalog); err != nil {
			c.self.log.Error("the node's catalog can't be told", "err", err)
			continue
		}
		for _, s := range sessions {
			c.tellOne(s, &frame)
		}
	}
}

// tellOne sends the catalog to one node. A slow one holds up no other, and what
// changes until it has taken this one it is told in one go.
func (c *cluster) tellOne(s *session, frame *wire.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.telling {
		s.stale = true
		return
	}
	s.telling = true
	c.telling.Go(func() {
		err := s.link.SendParts(context.Background(), frame.Parts(nil), nil)
		c.mu.Lock()
		defer c.mu.Unlock()
		s.telling = false
		if s.stale && err == nil {
			s.stale = false
			c.tellSoon()
		}
	})
}
