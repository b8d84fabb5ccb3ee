package gossip

import (
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// Receive takes a message, which is the machine's own from then on. One from a node
// without a link is ignored: call Up first.
func (m *Machine) Receive(now time.Duration, from string, g *wire.Gossip) {
	m.enter(now)
	l := m.links.get(from)
	if l == nil {
		m.stats.Ignored++
		return
	}
	l.heard = m.now
	for i := range g.Records {
		h := &g.Records[i]
		if h.ID == "" || h.Stamp.IsZero() {
			m.note(Malformed, h.ID, from)
			continue
		}
		m.learn(h, l)
	}
	for i := range g.Reports {
		if g.Reports[i].By != m.self.id { // one's own, which came around
			m.take(&g.Reports[i], l)
		}
	}
	for i := range g.Bodies {
		m.got(&g.Bodies[i])
	}
	for i := range g.Pulls {
		m.asked(&g.Pulls[i], l)
	}
	for _, id := range g.Lacking {
		m.lacks(id, l)
	}
	if g.Buckets != nil {
		m.compareBuckets(g.Buckets, l)
	}
	if g.Digest != nil {
		m.compareDigest(g.Digest, l)
	}
	m.lookup(g.Wanted, l)
	if g.Tick != nil {
		m.ticked(g.Tick, l)
	}
}

// ticked takes the other's tick. It came after what the other knew, so that the
// hashes can be compared.
func (m *Machine) ticked(t *wire.Tick, l *link) {
	l.wanted = t.Want
	if r := m.view.byID[l.id]; r != nil {
		r.load = t.Load
	}
	m.compare(t.Root, l)
}
