package mpreg

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// cluster knows the other nodes and who can run what. It is fed by what nodes
// say of themselves on their links: in HELLO, and in CATALOG when it changes.
type cluster struct {
	self   *Server
	routes routes

	mu      sync.Mutex
	members map[string]*member // other nodes that a link leads to, by id
	joined  uint64             // how many sessions have joined
	version uint64             // of this node's catalog: how often it has changed
	dirty   bool               // the catalog has changed since the others were told
	busy    bool               // a goroutine tells them
	closed  bool
	said    map[string]time.Time // what was logged once, and when
	telling sync.WaitGroup
}

// maxSaid bounds what is remembered to have been logged, and saidAgain is after
// how long it is logged again.
const (
	maxSaid   = 1024
	saidAgain = time.Hour
)

// join makes the node at the other end of a session a member. The refusal is of
// a HELLO that no member of this cluster would send.
func (c *cluster) join(s *session, h *wire.Hello) *Error {
	c.mu.Lock()
	if err := c.check(h); err != nil {
		c.mu.Unlock()
		return err
	}
	if s.left { // while it said HELLO
		c.mu.Unlock()
		return newError(Unavailable, ExecutedNo, "the link has ended")
	}
	m := c.members[h.Node]
	var ended []*session
	if m != nil && h.Incarnation > m.incarnation {
		ended = m.sessions // of a process that is gone
		c.remove(m)
		m = nil
	}
	if m == nil {
		m = &member{
			id: h.Node, name: h.Name, incarnation: h.Incarnation, urls: h.URLs,
			catalog: &wire.Catalog{}, gone: make(chan struct{}),
		}
		c.members[m.id] = m
	}
	c.joined++
	s.member, s.number = m, c.joined
	m.sessions = append(m.sessions, s)
	given := m.settle(c.self.id)
	c.offer(m, &h.Catalog)
	if s.early != nil {
		c.offer(m, s.early)
	}
	if s.leaving {
		c.leaving(m)
	}
	if s.told.Load() < c.version {
		c.tellSoon() // of what has changed since our HELLO
	}
	first := len(m.sessions) == 1
	namesake := first && c.namesake(m)
	c.mu.Unlock()
	for _, old := range ended {
		old.abort(errReplaced)
	}
	if s.dialed {
		s.peer.welcome() // only then can it be given up
	}
	retire(given)
	if namesake {
		c.self.log.Warn("two nodes have one name: OnNode by name leads to the one that was started last", "peer", h.Name, "peer_id", h.Node)
	}
	if first {
		c.self.log.Info("node joined", "peer", h.Name, "peer_id", h.Node, "url", strings.Join(h.URLs, ","), "functions", len(h.Catalog.Functions))
	}
	return nil
}

// vet is join without joining.
func (c *cluster) vet(h *wire.Hello) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.check(h)
}

// check says why the node that said h can't be a member. mu is held.
func (c *cluster) check(h *wire.Hello) *Error {
	m := c.members[h.Node]
	switch {
	case h.Node == c.self.id && h.Incarnation == c.self.started.UnixMilli():
		return errSelf
	case h.Node == c.self.id, m != nil && h.Incarnation < m.incarnation:
		return errIDTaken(h.Node)
	case c.closed:
		return newError(Unavailable, ExecutedNo, "the node is draining")
	}
	return nil
}

func errIDTaken(id string) *Error {
	return newError(InvalidRequest, ExecutedNo, "another node of the cluster has the id %s: ids must be unique", id)
}

// leave takes a session that has ended out of the routes, at once.
func (c *cluster) leave(s *session, why error) {
	c.mu.Lock()
	s.left = true
	m := s.member
	if m == nil {
		c.mu.Unlock()
		return
	}
	before := len(m.sessions)
	m.sessions = slices.DeleteFunc(m.sessions, func(o *session) bool { return o == s })
	given := m.settle(c.self.id)
	left := m.sessions
	gone := before > 0 && !slices.ContainsFunc(left, func(o *session) bool { return !o.given })
	if gone {
		for _, o := range left {
			o.orphan = true // it takes no calls, and nobody would dial while it is there
		}
		c.remove(m)
		given = append(given, left...)
	}
	expected := m.leaving
	c.mu.Unlock()
	retire(given)
	for _, o := range given {
		o.closeIfIdle()
	}
	switch {
	case !gone:
	case c.self.draining():
		c.self.log.Debug("node lost", "peer", m.name, "peer_id", m.id, "err", why)
	case expected:
		c.self.log.Info("node left", "peer", m.name, "peer_id", m.id)
	default:
		c.self.log.Warn("node lost", "peer", m.name, "peer_id", m.id, "err", why)
	}
}

// remove takes a member out of the routes and the list. mu is held.
func (c *cluster) remove(m *member) {
	m.sessions = nil
	m.best.Store(nil)
	c.routes.replace(m, m.catalog, nil)
	delete(c.members, m.id)
	close(m.gone)
}

// offer puts what a member offers in the place of what it offered, unless that
// is older news. mu is held.
func (c *cluster) offer(m *member, catalog *wire.Catalog) {
	if m.told && catalog.Version <= m.catalog.Version {
		return
	}
	m.told = true
	if !m.leaving {
		c.routes.replace(m, m.catalog, catalog)
	}
	m.catalog = catalog
}

// offered takes a catalog that a member sends later.
func (c *cluster) offered(s *session, catalog *wire.Catalog) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m := s.member; {
	case m == nil:
		if s.early == nil || catalog.Version > s.early.Version { // large ones overtake each other
			s.early = catalog
		}
	case len(m.sessions) > 0:
		c.offer(m, catalog)
	}
}

// goneAway notes that a member sends no further requests on a link, and wants
// none: because it drains, or because there is another link.
func (c *cluster) goneAway(s *session, g *wire.Goaway) {
	c.mu.Lock()
	m := s.member
	s.goneAway, s.leaving = true, g.Reason == wire.GoawayDraining
	if m == nil || len(m.sessions) == 0 {
		c.mu.Unlock()
		return
	}
	if s.leaving {
		c.leaving(m)
	}
	given := m.settle(c.self.id)
	c.mu.Unlock()
	retire(given)
	s.closeIfIdle()
}

// leaving takes a member that drains out of the routes. mu is held.
func (c *cluster) leaving(m *member) {
	if !m.leaving {
		c.routes.replace(m, m.catalog, nil)
		m.leaving = true
	}
}

// close ends the telling of changes; no session joins any more.
func (c *cluster) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.telling.Wait()
}

// retire gives links up.
func retire(sessions []*session) {
	for _, s := range sessions {
		s.retire(wire.GoawayDuplicate, anotherLink)
	}
}

// list lists the nodes of the cluster, this one first.
func (c *cluster) list() []Member {
	s := c.self
	state := memberAlive
	if s.draining() {
		state = memberLeft
	}
	list := []Member{{
		ID: s.ID(), Name: s.Name(), Incarnation: s.started.UnixMilli(), State: state,
		URLs: s.advertised(), Resources: slices.Clone(s.Resources()), Functions: s.Functions(),
	}}
	c.mu.Lock()
	for _, m := range c.members {
		list = append(list, m.member())
	}
	c.mu.Unlock()
	slices.SortFunc(list[1:], func(a, b Member) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return list
}

// functions lists what the nodes of the cluster offer, each offer once, by name
// and locs.
func (c *cluster) functions() []FunctionInfo {
	list := c.self.Functions()
	c.mu.Lock()
	for _, m := range c.members {
		if !m.leaving {
			list = append(list, m.member().Functions...)
		}
	}
	c.mu.Unlock()
	slices.SortStableFunc(list, func(a, b FunctionInfo) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(len(a.Locs), len(b.Locs)), slices.Compare(a.Locs, b.Locs))
	})
	return slices.CompactFunc(list, func(a, b FunctionInfo) bool {
		return a.Name == b.Name && slices.Equal(a.Locs, b.Locs)
	})
}

// namesake reports whether a node that is no member on its way out has m's name.
// mu is held.
func (c *cluster) namesake(m *member) bool {
	for _, o := range c.members {
		if o != m && o.name == m.name && !o.leaving {
			return true
		}
	}
	return m.name == c.self.config.Name
}

// find returns the member with this id, else one with this name.
func (c *cluster) find(node string) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.members[node]; m != nil {
		return m
	}
	var best *member
	for _, m := range c.members {
		if m.name == node && (best == nil || best.leaving && !m.leaving ||
			best.leaving == m.leaving && best.incarnation < m.incarnation) {
			best = m
		}
	}
	return best
}

// once reports whether it is called with this text for the first time in an hour:
// what goes wrong in each attempt to link is worth one line, and then debug lines.
func (c *cluster) once(text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.said) >= maxSaid {
		maps.DeleteFunc(c.said, func(_ string, when time.Time) bool { return time.Since(when) > saidAgain })
	}
	if when, ok := c.said[text]; ok && time.Since(when) <= saidAgain || !ok && len(c.said) >= maxSaid {
		return false
	}
	if c.said == nil {
		c.said = make(map[string]time.Time)
	}
	c.said[text] = time.Now()
	return true
}
