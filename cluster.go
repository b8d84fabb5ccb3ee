package mpreg

import (
	"slices"
	"sync"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// cluster knows the other nodes, the links to them, and who can run what. A
// machine of package gossip says who is there; see gossip.go.
type cluster struct {
	self   *Server
	routes *route.Table[runFunc] // to members that are alive or suspect

	retries route.Budget    // of all calls that this node coordinates
	typical route.Durations // of idempotent functions whose calls are hedged

	mu       sync.Mutex
	machine  *gossip.Machine // nil before the node serves, and after
	began    time.Time       // its time zero
	timer    *time.Timer
	members  map[string]*member // other nodes that gossip or a link tells of, by id
	joined   uint64             // how many sessions have joined
	offered  *wire.Catalog      // what the others were told that this node offers
	dirty    bool               // it offers something else by now
	closed   bool
	seeds    seeds
	watchers map[*watcher]struct{}
	lines    []func() // to be logged when mu is free

	waking  sync.WaitGroup // calls of the timer's function
	running sync.WaitGroup // goroutines
}

// join adds a link to the node at its other end. The refusal is of a HELLO that
// no node of this cluster would send.
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
	m := c.member(h.Node)
	s.since = time.Now()
	var ended []*session
	if h.Incarnation != m.process {
		ended = m.sessions // of a process that is gone
		m.sessions = nil   // relink tells of that
	}
	if !m.known {
		m.name, m.urls = h.Name, h.URLs
	}
	m.process = h.Incarnation
	c.joined++
	s.member, s.number = m, c.joined
	m.sessions = append(m.sessions, s)
	given := m.settle(c.self.id)
	m.failures = 0
	t := c.relink(m, gossip.Lost)
	t.given = append(t.given, given...)
	early := s.early
	s.early = nil
	if s.dialed {
		s.peer.welcome() // before others see it: only then can it be given up
	}
	c.mu.Unlock()
	for _, old := range ended {
		old.abort(errReplaced)
	}
	c.carryOut(t)
	for _, g := range early {
		s.gossip(g)
	}
	return nil
}

// relink tells the machine which link leads to a node after they were settled; if
// none does, loss says how it ended. mu is held.
func (c *cluster) relink(m *member, loss gossip.Loss) (t effects) {
	now, before := m.best.Load(), m.linked
	m.linked = now
	switch now {
	case before:
		return t
	case nil:
		return c.advance(func(machine *gossip.Machine, at time.Duration) { machine.Down(at, m.ID, loss) })
	}
	// Also if another works: the other end waits for gossip on this one.
	return c.advance(func(machine *gossip.Machine, at time.Duration) { machine.Up(at, m.ID, now.dialed) })
}

// member returns the node with this id, which it adds if need be. mu is held.
func (c *cluster) member(id string) *member {
	m := c.members[id]
	if m == nil {
		m = &member{Node: route.Node{ID: id}, catalog: emptyCatalog}
		m.run = c.forwarder(m)
		c.members[id] = m
	}
	return m
}

// vet is join without joining.
func (c *cluster) vet(h *wire.Hello) *Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.check(h)
}

// check says why the node that said h can't have a link. mu is held.
func (c *cluster) check(h *wire.Hello) *Error {
	m := c.members[h.Node]
	switch {
	case h.Node == c.self.id && h.Incarnation == c.self.started.UnixMilli():
		return errSelf
	case h.Node == c.self.id, m != nil && h.Incarnation < m.process && m.best.Load() != nil:
		return errIDTaken(h.Node)
	case c.closed:
		return newError(Unavailable, ExecutedNo, "the node is draining")
	}
	return nil
}

func errIDTaken(id string) *Error {
	return newError(InvalidRequest, ExecutedNo, "another node of the cluster has the id %s: ids must be unique", id)
}

// leave takes out a session that has ended, at once. Which calls still find the
// node is for the machine to say.
func (c *cluster) leave(s *session, why error) {
	c.mu.Lock()
	s.left = true
	m := s.member
	if m == nil || !slices.Contains(m.sessions, s) {
		c.mu.Unlock()
		return
	}
	m.sessions = slices.DeleteFunc(m.sessions, func(o *session) bool { return o == s })
	given := m.settle(c.self.id)
	loss := gossip.Lost
	if s.goneAway || s.given {
		loss = gossip.Closed
	}
	var t effects
	var orphans []*session
	if m.best.Load() == nil {
		for _, o := range m.sessions {
			o.orphan = o.given // it takes no calls, and nobody else will close it
		}
		orphans = slices.Clone(m.sessions)
	}
	if s.silent && m.best.Load() == nil { // the machine has lost it already, but not known how
		t = c.advance(func(machine *gossip.Machine, now time.Duration) { machine.Down(now, m.ID, loss) })
	} else {
		t = c.relink(m, loss)
	}
	if len(m.sessions) == 0 && !m.known {
		delete(c.members, m.ID)
	}
	t.given = append(t.given, given...)
	name := m.name
	c.mu.Unlock()
	c.carryOut(t)
	for _, o := range orphans {
		o.closeIfIdle()
	}
	c.self.log.Debug("link to a node ended", "peer", name, "peer_id", m.ID, "err", why)
}

// goneAway notes that a node sends no further requests on a link, and wants
// none: because it drains, because there is another link, or because neither
// needs one.
func (c *cluster) goneAway(s *session, g *wire.Goaway) {
	c.mu.Lock()
	m := s.member
	s.goneAway, s.leaving = true, g.Reason == wire.GoawayDraining
	if m == nil || s.left {
		c.mu.Unlock()
		return
	}
	given := m.settle(c.self.id)
	t := c.relink(m, gossip.Closed)
	t.given = append(t.given, given...)
	c.mu.Unlock()
	c.carryOut(t)
	s.closeIfIdle()
}

// partings are why links between nodes are given up.
var partings = map[wire.GoawayReason]string{
	wire.GoawayDuplicate: "another link between these nodes is used",
	wire.GoawayUnused:    "neither node needs the link",
}

// retire gives links up, for their reasons.
func retire(sessions []*session) {
	for _, s := range sessions {
		s.retire(s.reason, partings[s.reason])
	}
}

// find returns the member with this id, else one with this name, one that can
// be asked before one that can't.
func (c *cluster) find(node string) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.members[node]; m != nil {
		return m
	}
	var best *member
	for _, m := range c.members {
		if m.name == node && (best == nil || m.before(best)) {
			best = m
		}
	}
	return best
}

// nameOf returns the name of a member.
func (c *cluster) nameOf(m *member) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return m.name
}

// before reports whether m is more likely meant by its name than o: it is rather
// there, or was started later. The cluster's mu is held.
func (m *member) before(o *member) bool {
	if m.state != o.state {
		return m.state < o.state
	}
	return m.process > o.process || m.process == o.process && m.ID > o.ID
}

// namesake reports whether another node that is there has m's name. mu is held.
func (c *cluster) namesake(m *member) bool {
	for _, o := range c.members {
		if o != m && o.name == m.name && o.known && o.state == gossip.Alive {
			return true
		}
	}
	return m.name == c.self.config.Name
}

// say has a line logged when mu is free. mu is held, and a step of the machine
// is under way.
func (c *cluster) say(line func()) { c.lines = append(c.lines, line) }
