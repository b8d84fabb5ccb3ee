package mpreg

import (
	"log/slog"
	"strings"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// event does what follows when the machine says that something has become of a
// node: its offers go where calls find them or not, and whoever watches is told.
// mu is held.
func (c *cluster) event(e gossip.Event, t *effects) {
	if e.ID == c.self.id {
		return
	}
	m := c.member(e.ID)
	if e.Kind == gossip.Forgotten {
		c.unplace(m)
		c.unpublish(m)
		m.known = false
		if len(m.sessions) == 0 {
			delete(c.members, m.ID)
		}
		return
	}
	now, ok := c.machine.Member(e.ID)
	if !ok {
		return
	}
	m.name, m.urls = now.Name, now.URLs
	live := now.State == gossip.Alive || now.State == gossip.Suspect
	if live && now.BodyVersion == 0 {
		return // it has joined for those who call when it is known what it offers
	}
	if live && (!m.known || m.state != gossip.Alive && m.state != gossip.Suspect) {
		e.Kind = gossip.Joined
	}
	m.known, m.state = true, now.State
	if live && (e.BodyChanged || e.Kind == gossip.Joined) {
		if e.Kind == gossip.Joined {
			e.Deltas = nil // to nothing, as far as this node is concerned
		}
		c.load(m, now.Parts, e.Deltas)
	}
	c.place(m)
	if e.Kind == gossip.Died {
		t.died = append(t.died, m.ID)
		for _, s := range m.sessions {
			if s.silent {
				t.ended = append(t.ended, s)
			}
		}
	}
	c.logEvent(e, m)
	c.publish(e.Kind, m)
}

// place has calls find what a node offers, or not, as its state is. mu is held.
func (c *cluster) place(m *member) {
	m.Suspect.Store(m.state == gossip.Suspect)
	if m.state != gossip.Alive && m.state != gossip.Suspect {
		c.unplace(m)
		m.catalog = emptyCatalog
		return
	}
	if !m.routed {
		c.routes.Replace(&m.Node, m.run, nil, m.catalog)
		m.routed = true
	}
}

// unplace takes what a node offers out of the routes. mu is held.
func (c *cluster) unplace(m *member) {
	if m.routed {
		c.routes.Replace(&m.Node, m.run, m.catalog, nil)
		m.routed = false
	}
}

// load reads what a node offers now: of deltas, if it is what it was but for
// these. mu is held.
func (c *cluster) load(m *member, parts, deltas []string) {
	next, from := m.catalog, deltas
	if len(deltas) == 0 && len(parts) > 0 {
		catalog, err := wire.DecodeCatalogText(parts[0])
		if err != nil {
			c.unreadable(m, err)
			return
		}
		next, from = catalog, parts[1:]
	}
	// All are read before one is applied: routes that are ahead of the catalog
	// would keep what nobody takes out again.
	changes := make([]*wire.Delta, len(from))
	for i, text := range from {
		d, err := wire.DecodeDelta(text)
		if err != nil {
			c.unreadable(m, err)
			return
		}
		changes[i] = d
	}
	for _, d := range changes {
		changed := next.Apply(d)
		if len(deltas) > 0 && m.routed {
			c.routes.Apply(&m.Node, m.run, next, d)
		}
		next = changed
	}
	if len(deltas) == 0 && m.routed {
		c.routes.Replace(&m.Node, m.run, m.catalog, next)
	}
	m.catalog = next
}

// unreadable is for what no node of this version has written: what the node
// offered before stays, which is better than nothing. mu is held.
func (c *cluster) unreadable(m *member, err error) {
	if c.self.said.once("unreadable catalog " + m.ID) {
		name, id := m.name, m.ID
		c.say(func() {
			c.self.log.Warn("what a node offers can't be read: its calls go by what it offered before", "peer", name, "peer_id", id, "err", err)
		})
	}
}

// logEvent has an event logged. mu is held.
func (c *cluster) logEvent(e gossip.Event, m *member) {
	level, text := slog.LevelInfo, ""
	switch e.Kind {
	case gossip.Joined:
		text = "node joined"
	case gossip.Suspected:
		text = "node suspected: it is avoided"
	case gossip.Recovered:
		text = "node recovered"
	case gossip.Departed:
		text = "node left"
	case gossip.Died:
		level, text = slog.LevelWarn, "node died"
	default:
		return
	}
	name, id, urls := m.name, m.ID, strings.Join(m.urls, ",")
	namesake := e.Kind == gossip.Joined && c.namesake(m)
	c.say(func() {
		if c.self.draining() {
			level = slog.LevelDebug // it knows why it loses sight of the others
		}
		c.self.log.Log(c.self.base, level, text, "peer", name, "peer_id", id, "url", urls)
		if namesake {
			c.self.log.Warn("two nodes have one name: OnNode by name leads to the one that was started last", "peer", name, "peer_id", id)
		}
	})
}

// note has something rare logged, each kind of it once. mu is held.
func (c *cluster) note(n gossip.Note) {
	if c.self.said.once("gossip " + n.Kind.String() + " " + n.ID) {
		c.say(func() { c.self.log.Warn(notes[n.Kind], "peer_id", n.ID, "from", n.From) })
	}
}

// notes say what an operator should know of.
var notes = map[gossip.NoteKind]string{
	gossip.ForeignClaim:   "somebody else goes by this node's id, or did: it is contradicted",
	gossip.TooManyMembers: "there are more nodes than this one keeps track of: it ignores the rest",
	gossip.Malformed:      "gossip that contradicts itself is ignored",
	gossip.Exhausted:      "what is said of this node can't be contradicted any more: start it anew",
}
