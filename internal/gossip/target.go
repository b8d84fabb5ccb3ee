package gossip

import (
	"slices"
	"time"
)

// target is what is known of dialing a node or a seed.
type target struct {
	busy        bool
	report      bool  // a failure is evidence: a link is wanted or was lost
	incarnation int64 // the life that was dialed
	failures    int
	next        time.Duration // not before then
}

// failed waits for the next attempt: twice as long as before, and not as long as
// others who failed at the same time.
func (m *Machine) failed(t *target) {
	const doublings = 20 // beyond any RetryMax, and no overflow
	t.failures++
	wait := min(m.timing.RetryMax, m.timing.Retry<<min(t.failures-1, doublings))
	t.next = m.now + wait/2 + time.Duration(m.rand.Int64N(int64(wait)))
}

// dial has r dialed, if it can be and that is not too soon. With report, a failure is
// evidence against r.
func (m *Machine) dial(r *record, report bool) {
	t := &r.target
	if t.busy || m.now < t.next || !r.dialable() || r == m.self || m.leaving() || m.links.get(r.id) != nil {
		return
	}
	t.busy, t.report, t.incarnation = true, report, r.stamp.Incarnation
	m.out.Dials = append(m.out.Dials, Dial{Node: r.id, URLs: slices.Clone(r.urls)})
}

// DialDone says how a dial ended: each that Output.Dials asked for, and those that
// were made for other reasons too, which also tell who can be reached.
func (m *Machine) DialDone(now time.Duration, d Dial, res DialResult) {
	m.enter(now)
	if d.Seed != "" {
		m.seedDone(d.Seed, res)
	}
	if r := m.view.byID[d.Node]; r != nil && r != m.self {
		m.nodeDone(r, res)
	}
}

func (m *Machine) nodeDone(r *record, res DialResult) {
	t := &r.target
	report, sameLife := r.lost, true
	if t.busy {
		report = report || t.report
		sameLife = t.incarnation == r.stamp.Incarnation
	}
	t.busy, t.report = false, false
	if res.Outcome == Linked {
		t.failures, t.next = 0, m.now
		return
	}
	m.failed(t)
	if m.links.get(r.id) != nil || !sameLife {
		return
	}
	counts, hard := m.evidence(r, res)
	r.refused = hard
	switch {
	case report && counts:
		m.accuse(r, hard)
	case report:
		m.doubt(r)
	}
}

// evidence reports whether a failed dial speaks against r, and whether it shows that
// r's process is gone. Whatever is found at an address shows that only where a link
// has broken: a node may have advertised a wrong one from the beginning. That somebody
// else answers there is none at all then: a link that is missing is, when it is long.
func (m *Machine) evidence(r *record, res DialResult) (counts, hard bool) {
	switch res.Outcome {
	case Refused:
		return true, r.lost
	case Other:
		return r.lost, r.lost && res.Incarnation > r.stamp.Incarnation
	case Self:
		return r.lost, r.lost && m.self.stamp.Incarnation > r.stamp.Incarnation
	default:
		// A link that broke and does not come back is evidence. That a first one
		// takes long is not yet: in a cluster that has just started everybody is
		// busy. It is when it is missing for Missing.
		return r.lost && !res.Late, false
	}
}
