package gossip

import (
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// link is a link to another node, and what waits to be sent over it.
type link struct {
	id    string
	up    time.Duration
	heard time.Duration

	wants    bool          // this node wants the link
	wanted   bool          // the other does, by its last tick
	idle     time.Duration // since when neither does; never
	compared time.Duration // when this node last compared the views over it; -1

	digests, answers, lookups limiter // of what the other may ask for

	due bool // Take has something to send
	outbox
}

// links are the links that work, one for each node.
type links struct {
	byID   map[string]*link
	sorted []*link // by id
}

func (ls *links) get(id string) *link { return ls.byID[id] }

func (ls *links) search(id string) (int, bool) {
	return slices.BinarySearchFunc(ls.sorted, id, func(l *link, id string) int { return strings.Compare(l.id, id) })
}

func (ls *links) add(l *link) {
	i, _ := ls.search(l.id)
	ls.sorted = slices.Insert(ls.sorted, i, l)
	ls.byID[l.id] = l
}

func (ls *links) remove(l *link) {
	i, _ := ls.search(l.id)
	ls.sorted = slices.Delete(ls.sorted, i, i+1)
	delete(ls.byID, l.id)
}

// lasting is the age above which the loss of a link is no flapping.
const lasting = 10 * time.Second

// Up says that a link to a node works: both have said hello. If there was one it was
// replaced, and what it had not delivered counts as lost. Who dialed makes no
// difference.
func (m *Machine) Up(now time.Duration, id string, _ bool) {
	m.enter(now)
	if id == m.self.id {
		m.note(ForeignClaim, id, id)
		return
	}
	if old := m.links.get(id); old != nil {
		m.unlink(old)
	}
	first := len(m.links.sorted) == 0
	l := &link{
		id: id, up: m.now, heard: m.now, idle: m.now, compared: -1,
		outbox: outbox{news: make(map[string]uint64)},
	}
	m.links.add(l)
	r := m.view.byID[id]
	if r != nil {
		m.reached(r)
	}
	if first {
		m.absolve()
	}
	m.greet(l, r)
	m.maintainSoon()
}

// reached notes that there is a link to r.
func (m *Machine) reached(r *record) {
	r.unreachable, r.lost, r.refused = false, false, false
	r.missingSince, r.returnBy = never, never
	r.strikes = 0
	r.quietUntil = min(r.quietUntil, m.now+m.timing.Damp)
	r.target.failures, r.target.next = 0, 0
	m.alarms.set(r)
}

// greet sends what the other needs at once: who this node is, what it holds the
// other for, so that it can contradict, whom this node misses, and the hash of its
// view.
func (m *Machine) greet(l *link, other *record) {
	l.tell(m.self.id, 0)
	if other != nil {
		l.tell(other.id, 0)
	}
	for _, r := range m.view.sorted {
		if r.suspicion == nil {
			continue
		}
		if w, ok := r.suspicion.reports[m.self.id]; ok && w.stamp.Compare(r.stamp) >= 0 {
			l.reports = append(l.reports, wire.Report{Subject: r.id, Stamp: w.stamp, By: m.self.id, Hard: w.hard})
		}
	}
	l.tick = true
	m.dueNow(l)
}

// Down says that a link is gone: closed in order, or lost. Lost may also be said of a
// link that was named in Output.Silent, when its socket ends.
func (m *Machine) Down(now time.Duration, id string, loss Loss) {
	m.enter(now)
	l, r := m.links.get(id), m.view.byID[id]
	wanted := false
	if l != nil {
		wanted = l.wants
		m.drop(l, r)
	}
	m.maintainSoon()
	if r == nil || !r.live() || l == nil && loss == Closed || loss == Closed && !wanted {
		return
	}
	r.lost = r.lost || loss == Lost
	r.target.failures, r.target.next = 0, 0
	if r.dialable() {
		m.dial(r, true)
		return
	}
	r.returnBy = min(r.returnBy, m.now+m.timing.Return)
	m.alarms.set(r)
}

// drop gives up a link to r, which may be nil.
func (m *Machine) drop(l *link, r *record) {
	m.unlink(l)
	if r != nil {
		r.wasLong = m.now-l.up >= lasting
	}
}

// unlink forgets a link, and asks others for what was asked for over it.
func (m *Machine) unlink(l *link) {
	m.links.remove(l)
	m.requeue(l)
}

// silence gives up the links that brought nothing for too long. It comes with the
// tick, which mends the times first if this node was the one that slept.
func (m *Machine) silence() {
	for _, l := range slices.Clone(m.links.sorted) {
		if m.now-l.heard <= m.timing.Silence {
			continue
		}
		r := m.view.byID[l.id]
		m.drop(l, r)
		m.out.Silent = append(m.out.Silent, l.id)
		m.maintainSoon()
		if r == nil || !r.live() {
			continue
		}
		m.accuse(r, false)
		r.target.next = 0
		m.dial(r, true)
	}
}

// Heard says that something came from a node, a gossip frame or any other. It is
// cheap: call it for every link before Advance.
func (m *Machine) Heard(id string, at time.Duration) {
	if l := m.links.get(id); l != nil {
		l.heard = max(l.heard, at)
	}
}
