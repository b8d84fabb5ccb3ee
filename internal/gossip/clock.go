package gossip

import "time"

// enter sets the time of what happens now. Every method with a time begins with it.
func (m *Machine) enter(now time.Duration) {
	m.now = max(m.now, now)
	late := m.now - m.tickAt
	if late <= m.timing.Tick/2 {
		return
	}
	// The tick should have been long ago: it was this node that slept, not the
	// others that kept silent. What waited in the sockets comes only now.
	m.tickAt = m.now
	m.waryUntil = m.now + m.timing.Silence
	m.stats.LateTicks++
	m.shift(late)
}

// shift moves the beginnings of what is waited for, as if the time had not passed.
func (m *Machine) shift(late time.Duration) {
	later := func(t *time.Duration) {
		if *t != never {
			*t += late
		}
	}
	for _, l := range m.links.sorted {
		l.heard = min(l.heard+late, m.now)
		later(&l.idle)
	}
	for _, r := range m.view.sorted {
		later(&r.missingSince)
		later(&r.returnBy)
		later(&r.pull.until)
		if s := r.suspicion; s != nil {
			s.first += late
			s.rumourAt += late
			later(&s.deadline)
		}
		m.alarms.set(r)
	}
	for _, s := range m.early {
		s.first += late
	}
}
