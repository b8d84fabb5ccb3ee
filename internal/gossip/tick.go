package gossip

import (
	"cmp"
	"slices"
	"time"
)

// tick does what is done again and again.
func (m *Machine) tick() {
	// ± 10 %, so that a thousand nodes that started together do not tick together.
	m.tickAt = m.now + m.timing.Tick*9/10 + time.Duration(m.rand.Int64N(int64(m.timing.Tick/5+1)))
	m.silence()
	m.flush()
	for _, l := range m.links.sorted {
		l.tick = true
		m.dueNow(l)
	}
	m.review()
	m.expire()
	m.contradictLate()
	m.seekOthers()
	m.maintain()
}

// review looks at each record: what the alarms do not know of is found here.
func (m *Machine) review() {
	for _, r := range m.view.sorted {
		m.evaluate(r)
		if !r.live() {
			continue
		}
		m.wantBody(r)
		if r.unreachable && r.suspicion == nil && r.target.failures > 0 && r.quietUntil > 0 && m.now > r.quietUntil && m.links.get(r.id) == nil {
			m.accuse(r, false) // it refuted, and still can't be reached
		}
	}
}

// expire forgets tombstones and early reports whose time is over.
func (m *Machine) expire() {
	var gone []*record
	for _, r := range m.view.sorted {
		if !r.live() && r != m.self && m.now-r.since > m.timing.Tombstone {
			gone = append(gone, r)
		}
	}
	for _, r := range gone {
		m.forget(r)
	}
	m.lighten()
	for id, s := range m.early {
		if m.now-s.first > m.timing.Early {
			delete(m.early, id)
		}
	}
}

// minBodies is how many of the dead keep their bodies at least; as many as are live do.
const minBodies = 64

// lighten takes the bodies of the dead away, of those that died first, if there are
// more than may be kept.
func (m *Machine) lighten() {
	var dead []*record
	for _, r := range m.view.sorted {
		if !r.live() && r != m.self && r.body.version > 0 {
			dead = append(dead, r)
		}
	}
	excess := len(dead) - max(minBodies, m.view.live)
	if excess <= 0 {
		return
	}
	slices.SortStableFunc(dead, func(a, b *record) int { return cmp.Compare(a.since, b.since) })
	for _, r := range dead[:excess] {
		r.body = body{}
	}
}

func (m *Machine) forget(r *record) {
	r.suspicion, r.pull, r.returnBy = nil, pull{}, never
	m.alarms.set(r)
	m.view.remove(r)
	m.event(Event{Kind: Forgotten, ID: r.id})
}
