package gossip

import "time"

// maintainSoon has the wanted links worked out anew, with the changes until then.
func (m *Machine) maintainSoon() { m.maintainAt = min(m.maintainAt, m.now+m.timing.Maintain) }

// maintain brings the links in line with the view: dials those that are wanted and
// missing, and offers those that are not wanted. Bodies that are missing are asked
// for over what there is then.
func (m *Machine) maintain() {
	m.maintainAt = never
	if m.leaving() {
		return
	}
	wanted := m.wanted()
	for _, l := range m.links.sorted {
		r := m.view.byID[l.id]
		wants := r != nil && wanted[r]
		if wants != l.wants {
			l.wants, l.tick = wants, true // the other need not wait for the next tick
			m.dueNow(l)
		}
		m.offer(l)
	}
	for _, r := range m.view.sorted {
		if wanted[r] && m.links.get(r.id) == nil {
			m.lack(r)
		} else {
			r.missingSince = never
		}
	}
	m.pump()
}

// wanted returns the nodes to which this node wants links.
func (m *Machine) wanted() map[*record]bool {
	wanted := make(map[*record]bool, 2*ringCount)
	m.near = m.view.observers(m.near[:0], m.self)
	if m.view.live > meshMax {
		m.near = m.wardsAndSubstitutes(m.near)
	}
	for _, r := range m.near {
		wanted[r] = true
	}
	return wanted
}

// wardsAndSubstitutes appends those who can't be dialed and whom this node observes: they
// are on no ring, so that their neighbours do not find them there. And it appends who
// comes after neighbours that can't be reached, so that the node keeps its links' number.
func (m *Machine) wardsAndSubstitutes(dst []*record) []*record {
	unreachable := false
	for _, r := range m.view.sorted {
		unreachable = unreachable || r.unreachable
		if r == m.self || !r.live() || r.dialable() || !m.self.dialable() {
			continue
		}
		var around [2 * ringCount]*record
		for _, o := range m.view.rings.around(around[:0], r, nil) {
			if o == m.self {
				dst = append(dst, r)
			}
		}
	}
	if unreachable {
		dst = m.view.rings.around(dst, m.self, func(r *record) bool { return r.unreachable })
	}
	return dst
}

// lack deals with a wanted link that is missing.
func (m *Machine) lack(r *record) {
	if r.missingSince == never {
		r.missingSince = m.now
	}
	missing := m.now - r.missingSince
	if missing > m.timing.Missing && !r.target.busy {
		m.accuse(r, false)
	}
	if m.self.id < r.id || !m.self.dialable() || missing >= patience {
		m.dial(r, true)
	}
}

// patience is how long the node with the larger id leaves it to the other to dial, so
// that few links are made twice.
const patience = time.Second

// offer names a link that neither end has wanted for a while. Only the lower id does, so
// that one of them decides.
func (m *Machine) offer(l *link) {
	switch {
	case l.wants || l.wanted:
		l.idle = never
	case l.idle == never:
		l.idle = m.now
	case m.now-l.idle > m.timing.Linger && m.self.id < l.id:
		l.idle = m.now // named again if it is kept
		m.out.Unused = append(m.out.Unused, l.id)
	}
}
