package gossip

import (
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// spread passes news of r on over all links but the one it came from, which is nil
// for news of one's own. had is the version of the body before.
func (m *Machine) spread(r *record, from *link, had uint64) {
	for _, l := range m.links.sorted {
		if l != from {
			l.tell(r.id, had)
		}
	}
	m.changedAt = m.now
	m.dueSoon()
}

// learn takes what another node told of a node.
func (m *Machine) learn(h *wire.Record, from *link) {
	if h.ID == m.self.id {
		m.claimed(h, from)
		return
	}
	r := m.view.byID[h.ID]
	if r == nil {
		if r = m.meet(h, from); r == nil {
			return
		}
	}
	if !r.below(h) {
		m.old(r, h, from)
		return
	}
	delete(from.news, h.ID) // what waits to be told is what it just told, or older
	if h.Stamp.State == wire.Dead {
		m.rumoured(r, h, from)
		return
	}
	had := r.body.version
	m.update(r, h)
	if h.Stamp.Live() {
		m.follow(r, h, from)
	}
	m.spread(r, from, had)
}

// meet takes up a node that was not known; nil if there is no need or no room.
// A tombstone of it would only have to be forgotten again. That it has left is kept:
// word that it is alive may be on its way.
func (m *Machine) meet(h *wire.Record, from *link) *record {
	if h.Stamp.State == wire.Dead {
		return nil
	}
	if len(m.view.sorted) >= m.maxMembers {
		m.stats.Ignored++
		m.note(TooManyMembers, h.ID, from.id)
		return nil
	}
	r := newRecord(h.ID)
	if m.view.byKey[r.key] != nil { // two ids with one hash: whoever comes second stays unknown
		m.note(Malformed, h.ID, from.id)
		return nil
	}
	m.view.add(r)
	if s := m.early[h.ID]; s != nil {
		delete(m.early, h.ID)
		r.suspicion = s
	}
	if m.links.get(h.ID) != nil {
		m.reached(r)
	}
	return r
}

// old deals with a record that is not news. Who holds for alive what is not is told.
func (m *Machine) old(r *record, h *wire.Record, from *link) {
	switch {
	case r.stamp == h.Stamp:
		delete(from.news, r.id)
	case !r.live() && h.Stamp.Live():
		from.tell(r.id, 0)
		m.dueSoon()
	}
}

// update overwrites what is held of r, which lives or has left, and says what that
// changed.
func (m *Machine) update(r *record, h *wire.Record) {
	was := r.stamp
	changed := was.Incarnation != h.Stamp.Incarnation || r.name != h.Name || !slices.Equal(r.urls, h.URLs)
	m.view.set(r, h)
	if was.Incarnation != h.Stamp.Incarnation {
		r.lost, r.refused = false, false
		r.target.failures, r.target.next = 0, 0
	}
	if h.Body < r.body.version || h.Body == r.body.version && was.Incarnation != h.Stamp.Incarnation {
		r.body = body{} // of another life, that used this version for something else
	}
	switch {
	case h.Stamp.State == wire.Left:
		m.bury(r, was.State != wire.Left || was.IsZero(), Departed)
	case !was.Live():
		r.since = m.now
		m.event(Event{Kind: Joined, ID: r.id, BodyChanged: r.body.version > 0})
		m.maintainSoon()
	case changed:
		m.event(Event{Kind: Updated, ID: r.id})
		m.maintainSoon()
	}
	m.refuted(r)
}

// bury makes r a tombstone. The departed keep no body. The dead may be back soon, as
// after a partition or a false alarm, and should not have to be asked for what they
// offer, when everybody has much else to do: see [Machine.lighten].
func (m *Machine) bury(r *record, anew bool, kind EventKind) {
	if anew {
		r.since = m.now
		m.event(Event{Kind: kind, ID: r.id})
	}
	if r.stamp.State == wire.Left {
		r.body = body{}
	}
	r.pull = pull{}
	r.returnBy, r.missingSince, r.unreachable = never, never, false
	r.lost, r.refused = false, false
	m.alarms.set(r)
	m.maintainSoon()
}

// Change says what the node offers from now on: all of it, and what changed if that
// is small. Without delta the others ask for all of it.
func (m *Machine) Change(now time.Duration, whole, delta string) {
	m.enter(now)
	if m.self.stamp.State == wire.Left {
		return
	}
	had := m.self.body.version
	m.self.body.change(whole, delta)
	m.announce(m.self.stamp, m.self.body.version, wire.Alive)
	m.spread(m.self, nil, had)
}

// Leave says that the node goes. Nothing revives it: a node that comes back is a new
// life, with a machine of its own.
func (m *Machine) Leave(now time.Duration) {
	m.enter(now)
	if m.self.stamp.State == wire.Left {
		return
	}
	m.announce(m.self.stamp, m.self.announced, wire.Left)
	m.spread(m.self, nil, 0)
	m.flush()
}
