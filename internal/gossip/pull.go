package gossip

import (
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// pull is the search for a body that is missing.
type pull struct {
	state   pullState
	from    string        // who was asked
	until   time.Duration // when another is asked
	waiters []string      // who asked this node and may be answered later
}

type pullState uint8

const (
	pullNone   pullState = iota
	pullQueued           // to be asked for with the next maintenance
	pullAsked
)

// follow brings the body of r up to a record that came, by its changes or by asking.
func (m *Machine) follow(r *record, h *wire.Record, from *link) {
	if r.body.version >= h.Body {
		return
	}
	if deltas, ok := r.body.advance(h); ok {
		m.stats.DeltaUpdates++
		m.event(Event{Kind: Updated, ID: r.id, BodyChanged: true, Deltas: deltas})
		m.found(r)
		return
	}
	if r.pull.state != pullNone {
		return
	}
	// A mere seed is not asked: it would have to serve all who join at once.
	if from.wants || from.wanted || from.id == r.id {
		m.ask(r, from, true)
		return
	}
	m.queue(r)
}

// queue has the body of r asked for soon.
func (m *Machine) queue(r *record) {
	r.pull.state, r.pull.from = pullQueued, ""
	m.alarms.set(r)
	m.queued = true
	m.maintainSoon()
}

// ask asks for the body of r, from the node that announced it, which may answer when
// it has it: the chain of those who wait ends at the owner. Or else from any.
func (m *Machine) ask(r *record, l *link, wait bool) {
	r.pull.state, r.pull.from, r.pull.until = pullAsked, l.id, m.now+m.timing.Pull
	m.alarms.set(r)
	l.pulls = append(l.pulls, wire.Pull{ID: r.id, Wait: wait})
	m.stats.Pulls++
	m.dueSoon()
}

// requeue asks others for what was asked for over a link that is gone.
func (m *Machine) requeue(l *link) {
	for _, r := range m.view.sorted {
		if r.pull.state == pullAsked && r.pull.from == l.id {
			m.queue(r)
		}
	}
}

// wantBody queues a live node whose body is behind what was announced.
func (m *Machine) wantBody(r *record) {
	if r.pull.state == pullNone && r != m.self && r.live() && r.body.version < r.announced {
		m.queue(r)
	}
}

// pump asks random neighbours for the queued bodies. While the node joins, and has
// few links that last, it waits for them: the seeds would bear the load.
func (m *Machine) pump() {
	if !m.queued {
		return
	}
	var from []*link
	for _, l := range m.links.sorted {
		if l.wants || l.wanted {
			from = append(from, l)
		}
	}
	if len(from) < min(3, m.view.live-1) && m.now-m.changedAt < time.Second {
		m.maintainSoon()
		return
	}
	if len(from) == 0 {
		from = m.links.sorted
	}
	if len(from) == 0 {
		return
	}
	m.queued = false
	for _, r := range m.view.sorted {
		if r.pull.state != pullQueued {
			continue
		}
		if !r.live() || r.body.version >= r.announced {
			m.found(r)
			continue
		}
		m.ask(r, from[m.rand.IntN(len(from))], false)
	}
}

// asked answers who asks for a body.
func (m *Machine) asked(p *wire.Pull, from *link) {
	r := m.view.byID[p.ID]
	switch {
	case r != nil && r.body.version > 0 && r.body.version >= r.announced:
		from.give(p.ID)
	case p.Wait && r != nil && r.pull.state != pullNone && r.pull.from != from.id:
		r.pull.wait(from.id)
		return
	default:
		from.lacking = append(from.lacking, p.ID)
	}
	m.dueNow(from)
}

// wait notes who is answered later.
func (p *pull) wait(id string) {
	if slices.Contains(p.waiters, id) {
		return
	}
	p.waiters = append(p.waiters, id)
}

// lacks notes that who was asked does not have a body.
func (m *Machine) lacks(id string, from *link) {
	if r := m.view.byID[id]; r != nil && r.pull.state == pullAsked && r.pull.from == from.id {
		m.queue(r)
	}
}

// got takes a body.
func (m *Machine) got(b *wire.Body) {
	m.stats.Bodies++
	r := m.view.byID[b.ID]
	// One above what is announced is of a former life, or its record is on the way, and
	// it is asked for again: kept, it would hide the one that is announced.
	if r == nil || r == m.self || !r.live() || b.Version <= r.body.version || b.Version > r.announced || len(b.Parts) == 0 {
		m.stats.UselessBodies++
	} else {
		r.body.replace(b.Version, b.Parts)
		m.event(Event{Kind: Updated, ID: r.id, BodyChanged: true})
	}
	if r != nil && r != m.self {
		m.found(r) // if the record has moved on meanwhile, the tick asks again
	}
}

// found ends the search for a body and answers who waits for it.
func (m *Machine) found(r *record) {
	waiters := r.pull.waiters
	r.pull = pull{}
	m.alarms.set(r)
	if r.body.version == 0 {
		return
	}
	for _, id := range waiters {
		if l := m.links.get(id); l != nil {
			l.give(r.id)
			m.dueNow(l)
		}
	}
}
