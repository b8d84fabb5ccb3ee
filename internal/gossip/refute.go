package gossip

import (
	"github.com/mpreg/mpreg/internal/wire"
)

// maxRefutations is how often the node contradicts at once; each tick allows one more,
// and what has to wait is contradicted then. Two processes with one id, or a forger,
// contradict each other without end: the network must not notice.
const maxRefutations = 8

// claimed deals with a record of this node that came from elsewhere. Its name and
// URLs are never believed.
func (m *Machine) claimed(h *wire.Record, from *link) {
	if !m.self.below(h) {
		if h.Stamp == m.self.stamp {
			delete(from.news, h.ID)
		}
		m.outgrow(h)
		return
	}
	if m.isForeign(h.Stamp) {
		m.note(ForeignClaim, h.ID, from.id)
	}
	m.contradict(h.Stamp, h.Body)
}

// contradict says that this node is alive, above a stamp that says otherwise or is
// not its own. body is the version of the body that came with the stamp; 0 if none did.
func (m *Machine) contradict(stamp wire.Stamp, body uint64) {
	own := m.self
	if m.leaving() || stamp.Compare(own.stamp) < 0 || stamp == own.stamp && body <= own.announced {
		return
	}
	if m.refutations >= maxRefutations {
		if stamp.Compare(m.claim) > 0 {
			m.claim = stamp
		}
		m.claimBody = max(m.claimBody, body)
		return
	}
	version := own.body.version
	if m.isForeign(stamp) {
		stamp, version = m.aboveLife(stamp, body)
	}
	if !m.announce(stamp, version, wire.Alive) {
		return
	}
	if version != own.body.version {
		own.body.version, own.body.recent = version, nil
	}
	m.refutations++
	m.stats.Refutations++
	m.spread(own, nil, version)
}

// outgrow goes above the body of a former life that changed what it offered more often
// than milliseconds passed since it started, as when the clock was set back. Who has
// that body would take it for the present one.
func (m *Machine) outgrow(h *wire.Record) {
	own := m.self
	if m.leaving() || h.Stamp.Incarnation >= own.stamp.Incarnation || h.Body < own.body.version || h.Body >= wire.MaxBody {
		return
	}
	version := min(h.Body+lifeGap, wire.MaxBody)
	if !m.announce(own.stamp, version, wire.Alive) {
		return
	}
	own.body.version, own.body.recent = version, nil
	m.spread(own, nil, version)
}

// isForeign reports whether a stamp above one's own is that of another life, and not
// of this one with a tombstone put to it by others.
func (m *Machine) isForeign(stamp wire.Stamp) bool {
	return stamp.Incarnation > m.self.stamp.Incarnation || stamp.State != wire.Dead
}

// lifeGap is how far above another life of its id a node goes. Whatever that life
// announced besides, its stamps and the versions of its body are below: nobody takes
// its body for the present one, or applies a change of one to the other.
const lifeGap = 1 << 16

// aboveLife returns the stamp below which another life is, and a version of the body
// that it did not use. Where the numbers end the gap is smaller.
func (m *Machine) aboveLife(stamp wire.Stamp, body uint64) (wire.Stamp, uint64) {
	used := max(stamp.Incarnation, int64(min(body, wire.MaxBody)))
	if next := min(used+lifeGap, wire.MaxIncarnation); next > used {
		return wire.Stamp{Incarnation: next - 1, Version: wire.MaxVersion}, uint64(next)
	}
	if body >= wire.MaxBody {
		m.note(Exhausted, m.self.id, "")
	}
	return stamp, max(m.self.body.version, min(body+1, wire.MaxBody))
}

// contradictLate contradicts what had to wait for the tick.
func (m *Machine) contradictLate() {
	claim, body := m.claim, m.claimBody
	m.refutations, m.claim, m.claimBody = max(0, m.refutations-1), wire.Stamp{}, 0
	if !claim.IsZero() {
		m.contradict(claim, body)
	}
}

// announce gives this node's record the next stamp above one that is at least its
// own. It returns false if there is none.
func (m *Machine) announce(above wire.Stamp, body uint64, state wire.State) bool {
	next := wire.Stamp{Incarnation: above.Incarnation, Version: above.Version + 1, State: state}
	if next.Version > wire.MaxVersion {
		next.Incarnation, next.Version = next.Incarnation+1, 1
	}
	if next.Incarnation > wire.MaxIncarnation {
		m.note(Exhausted, m.self.id, "")
		return false
	}
	h := wire.Record{ID: m.self.id, Name: m.self.name, URLs: m.self.urls, Stamp: next, Body: body}
	m.view.set(m.self, &h)
	return true
}

// leaving reports whether the node has said that it goes.
func (m *Machine) leaving() bool { return m.self.stamp.State == wire.Left }
