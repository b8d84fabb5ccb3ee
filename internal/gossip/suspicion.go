package gossip

import (
	"maps"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// maxReports bounds the reports kept about one node. A quorum needs at most
	// half of the observers and one more: 9.
	maxReports = 64

	// maxEarly bounds the unknown nodes about which reports are kept.
	maxEarly = 256
)

// suspicion is what speaks against a node.
type suspicion struct {
	stamp    wire.Stamp    // the largest that a report was about
	first    time.Duration // when the first report about that stamp came
	reports  map[string]witness
	rumour   wire.Stamp    // the tombstone that others have of it; zero: none
	rumourAt time.Duration // when that came
	deadline time.Duration // when it is to be looked at again; never
	told     bool          // Suspected was said
}

// witness is who could not reach the node.
type witness struct {
	stamp wire.Stamp
	hard  bool
}

func newSuspicion(stamp wire.Stamp, now time.Duration) *suspicion {
	return &suspicion{stamp: stamp, first: now, reports: make(map[string]witness), deadline: never}
}

// suspect returns what speaks against r, and says so if that is new.
func (m *Machine) suspect(r *record) *suspicion {
	if r.suspicion == nil {
		r.suspicion = newSuspicion(r.stamp, m.now)
	}
	m.tellSuspected(r)
	return r.suspicion
}

func (m *Machine) tellSuspected(r *record) {
	if s := r.suspicion; s != nil && !s.told && r.live() {
		s.told = true
		m.event(Event{Kind: Suspected, ID: r.id})
	}
}

// clear drops what speaks against r.
func (m *Machine) clear(r *record) {
	s := r.suspicion
	if s == nil {
		return
	}
	r.suspicion = nil
	m.alarms.set(r)
	if s.told && r.live() {
		m.event(Event{Kind: Recovered, ID: r.id})
	}
}

// absolve drops what speaks against anybody. The first link after a time without any
// shows that it was this node that was cut off.
func (m *Machine) absolve() {
	clear(m.early)
	for _, r := range m.view.sorted {
		m.clear(r)
		r.unreachable, r.missingSince, r.returnBy = false, never, never
		m.alarms.set(r)
	}
}

// accuse reports that this node can't reach r.
func (m *Machine) accuse(r *record, hard bool) {
	if !r.live() || r == m.self || m.leaving() {
		return
	}
	m.doubt(r)
	if !hard && !r.wasLong && r.suspicion == nil && m.now < max(r.quietUntil, m.waryUntil) {
		return // it refuted a moment ago, or this node is late itself: only together with others
	}
	r.wasLong = false
	m.take(&wire.Report{Subject: r.id, Stamp: r.stamp, By: m.self.id, Hard: hard}, nil)
}

// doubt notes that this node can't reach r: it looks for a substitute, and joins
// others who report r.
func (m *Machine) doubt(r *record) {
	if !r.unreachable {
		r.unreachable = true
		m.maintainSoon()
	}
}

// take counts a report and passes it on, once.
func (m *Machine) take(w *wire.Report, from *link) {
	if w.Stamp.State != wire.Alive {
		m.stats.Ignored++
		return
	}
	if w.Subject == m.self.id {
		m.contradict(wire.Stamp{Incarnation: w.Stamp.Incarnation, Version: w.Stamp.Version, State: wire.Dead}, 0)
		return
	}
	r := m.view.byID[w.Subject]
	if r == nil {
		m.takeEarly(w, from)
		return
	}
	if w.Stamp.Compare(r.stamp) < 0 {
		return
	}
	if !m.count(m.suspect(r), w) {
		return
	}
	m.pass(w, from)
	if w.By != m.self.id && r.live() && r.unreachable && m.links.get(r.id) == nil {
		if _, said := r.suspicion.reports[m.self.id]; !said {
			// This node can't reach it either: no reason to wait.
			m.take(&wire.Report{Subject: r.id, Stamp: r.stamp, By: m.self.id, Hard: w.Hard && r.refused}, nil)
		}
	}
	m.evaluate(r)
}

// takeEarly keeps a report about a node that is not known: its record may be on the
// way, and the report is passed on once only.
func (m *Machine) takeEarly(w *wire.Report, from *link) {
	s := m.early[w.Subject]
	if s == nil {
		if len(m.early) >= maxEarly {
			m.stats.Ignored++
			return
		}
		s = newSuspicion(w.Stamp, m.now)
		m.early[w.Subject] = s
	}
	if m.count(s, w) {
		m.pass(w, from)
	}
}

// count adds a report to what speaks against its subject. It returns false if that
// says nothing new.
func (m *Machine) count(s *suspicion, w *wire.Report) bool {
	if w.Stamp.Compare(s.stamp) > 0 {
		s.stamp, s.first = w.Stamp, m.now
	}
	before, ok := s.reports[w.By]
	if ok && before.stamp.Compare(w.Stamp) >= 0 && (before.hard || !w.Hard) {
		return false
	}
	if !ok && len(s.reports) >= maxReports && !m.makeRoom(s) {
		m.stats.Ignored++
		return false
	}
	s.reports[w.By] = witness{w.Stamp, w.Hard}
	return true
}

// makeRoom drops a report that does not count, so that invented reporters can't
// crowd out the true ones.
func (m *Machine) makeRoom(s *suspicion) bool {
	for _, by := range slices.Sorted(maps.Keys(s.reports)) {
		if r := m.view.byID[by]; r == nil || !r.live() {
			delete(s.reports, by)
			return true
		}
	}
	return false
}

// pass sends a report on over all links but the one it came from.
func (m *Machine) pass(w *wire.Report, from *link) {
	for _, l := range m.links.sorted {
		if l != from {
			l.reports = append(l.reports, *w)
		}
	}
	m.dueSoon()
}

// rumoured deals with a tombstone from elsewhere. One that this node holds alive is
// not dead for that, but accused: it has time to refute.
func (m *Machine) rumoured(r *record, h *wire.Record, from *link) {
	if !r.live() {
		m.view.set(r, h)
		m.spread(r, from, 0)
		return
	}
	s := m.suspect(r)
	if s.rumour.Compare(h.Stamp) >= 0 {
		return
	}
	s.rumour, s.rumourAt = h.Stamp, m.now
	m.spread(r, from, 0)
	m.evaluate(r)
}

// refuted looks at what speaks against r, of which a larger stamp came.
func (m *Machine) refuted(r *record) {
	s := r.suspicion
	if s == nil {
		return
	}
	if s.stamp.Compare(r.stamp) >= 0 || s.rumour.Compare(r.stamp) > 0 {
		m.tellSuspected(r)
		m.evaluate(r)
		return
	}
	m.clear(r)
	if r.live() {
		r.quietUntil = m.now + m.timing.Damp<<(2*r.strikes)
		r.strikes = min(r.strikes+1, maxStrikes)
	}
}

// maxStrikes bounds the quiet after refutations: Damp × 4^maxStrikes. It grows fast,
// since a pair of nodes that can't reach each other, and never could, is no news, and
// each report of it goes to the whole cluster, with a refutation.
const maxStrikes = 3

// evaluate decides whether r is dead by now, and if not, when to look again.
func (m *Machine) evaluate(r *record) {
	s := r.suspicion
	if s == nil {
		return
	}
	s.deadline = never
	defer m.alarms.set(r)
	age := m.now - s.first
	if !r.live() {
		if s.stamp.Compare(r.stamp) <= 0 || age > m.timing.Early {
			r.suspicion = nil
		}
		return
	}
	soft, hard := m.witnesses(r)
	if len(m.links.sorted) == 0 && hard == 0 {
		return // nobody at all is there: it may be this node that is cut off
	}
	need := m.quorum(r)
	rumoured := s.rumour.Compare(r.stamp) > 0
	if rumoured && (m.now-s.rumourAt >= m.timing.Rumour || soft >= need) {
		m.die(r, s.rumour)
		return
	}
	if rumoured {
		s.deadline = s.rumourAt + m.timing.Rumour
	}
	if soft == 0 {
		if !rumoured && age > m.timing.Early {
			m.clear(r)
		}
		return
	}
	wait := m.timing.Lone
	switch {
	case hard >= need:
		wait = 0
	case soft >= need:
		wait = m.timing.Quorum
	}
	if age >= wait {
		m.die(r, s.stamp)
		return
	}
	s.deadline = min(s.deadline, s.first+wait)
}

// witnesses counts whose reports about r's present stamp, or a later one, count: all,
// and the hard ones among them. A reporter that is dead itself, or that two others
// can't reach, may be the one that is cut off.
func (m *Machine) witnesses(r *record) (all, hard int) {
	for by, w := range r.suspicion.reports {
		if w.stamp.Compare(r.stamp) < 0 {
			continue
		}
		if by != m.self.id {
			o := m.view.byID[by]
			if o == nil || !o.live() || o.suspicion != nil && len(o.suspicion.reports) > 1 {
				continue
			}
		}
		all++
		if w.hard {
			hard++
		}
	}
	return all, hard
}

// quorum is how many must miss r: most of its observers that nobody suspects, and
// two if there are two.
func (m *Machine) quorum(r *record) int {
	m.near = m.view.observers(m.near[:0], r)
	sound := 0
	for _, o := range m.near {
		if o.suspicion == nil || len(o.suspicion.reports) == 0 {
			sound++
		}
	}
	return max(min(2, len(m.near)), sound/2+1)
}

// die makes r a tombstone of at least the stamp that speaks against it.
func (m *Machine) die(r *record, stamp wire.Stamp) {
	if stamp.Compare(r.stamp) < 0 {
		stamp = r.stamp
	}
	stamp.State = wire.Dead
	r.suspicion = nil
	h := wire.Record{ID: r.id, Name: r.name, URLs: r.urls, Stamp: stamp, Body: r.announced}
	m.view.set(r, &h)
	m.bury(r, true, Died)
	m.stats.Deaths++
	m.spread(r, nil, 0)
	m.doubtAnew()
}

// doubtAnew shortens the quiet after refutations. Where one dies there may be more: on
// an island those who refuted before are cut off as well now, and so are those who would
// report them.
func (m *Machine) doubtAnew() {
	for _, r := range m.view.sorted {
		r.quietUntil = min(r.quietUntil, m.now+m.timing.Damp)
	}
}
