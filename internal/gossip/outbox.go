package gossip

import (
	"maps"
	"slices"

	"github.com/mpreg/mpreg/internal/wire"
)

// outbox is what waits to be sent over a link: what it is about, not the text, which
// is written when it goes and is then the newest. It is bounded by the view.
type outbox struct {
	// news are the ids of changed records, each with a version of the body that the
	// other has; 0 if that is not known.
	news    map[string]uint64
	reports []wire.Report
	pulls   []wire.Pull
	bodies  map[string]bool
	lacking []string
	buckets bool
	digest  uint64   // the buckets whose records are to be listed
	keys    []uint64 // of records that are asked for
	tick    bool
}

// tell has the record of a node sent. A version that waits already is older.
func (o *outbox) tell(id string, has uint64) {
	if before, ok := o.news[id]; !ok || has < before {
		o.news[id] = has
	}
}

// give has the body of a node sent.
func (o *outbox) give(id string) {
	if o.bodies == nil {
		o.bodies = make(map[string]bool)
	}
	o.bodies[id] = true
}

// dueNow has Take send all that waits for the link.
func (m *Machine) dueNow(l *link) { l.due, m.due = true, true }

// dueSoon has it sent with the next flush: at once after a quiet time, so that a lone
// piece of news does not wait at each hop, else with what comes until then.
func (m *Machine) dueSoon() { m.flushAt = min(m.flushAt, max(m.now, m.flushedAt+m.timing.Flush)) }

// flush makes all that waits due.
func (m *Machine) flush() {
	m.flushAt, m.flushedAt = never, m.now
	for _, l := range m.links.sorted {
		if len(l.news)+len(l.reports)+len(l.pulls) > 0 {
			m.dueNow(l)
		}
	}
}

// Take returns what has to be done since the last Take.
func (m *Machine) Take() Output {
	if m.flushAt <= m.now {
		m.flush()
	}
	out := m.out
	m.out = Output{}
	if !m.due {
		return out
	}
	m.due = false
	var bulk []Send
	for _, l := range m.links.sorted {
		if !l.due {
			continue
		}
		l.due = false
		p := packer{to: l.id, sends: out.Sends}
		m.packSmall(&p, l)
		out.Sends = p.done()
		p = packer{to: l.id, sends: bulk}
		m.packBodies(&p, l)
		bulk = p.done()
		l.outbox = outbox{news: l.news}
		clear(l.news)
	}
	out.Sends = append(out.Sends, bulk...)
	return out
}

// packSmall packs all but bodies. Records come before reports, which may be about
// them, and the tick last, since its hash includes all the rest.
func (m *Machine) packSmall(p *packer, l *link) {
	for _, id := range slices.Sorted(maps.Keys(l.news)) {
		r := m.view.byID[id]
		if r == nil {
			continue
		}
		h := r.header(l.news[id])
		g := p.room(40 + len(h.ID) + len(h.Name) + size(h.URLs) + 2*len(h.URLs) + size(h.Deltas) + 2*len(h.Deltas))
		g.Records = append(g.Records, h)
	}
	for _, r := range l.reports {
		g := p.room(20 + len(r.Subject) + len(r.By))
		g.Reports = append(g.Reports, r)
	}
	for _, x := range l.pulls {
		g := p.room(3 + len(x.ID))
		g.Pulls = append(g.Pulls, x)
	}
	for _, id := range l.lacking {
		g := p.room(2 + len(id))
		g.Lacking = append(g.Lacking, id)
	}
	for _, key := range l.keys {
		g := p.room(8)
		g.Wanted = append(g.Wanted, key)
	}
	if l.digest != 0 {
		m.packDigest(p, l.digest)
	}
	if l.buckets {
		p.room(8 * wire.GossipBuckets).Buckets = slices.Clone(m.view.buckets[:])
	}
	if l.tick {
		p.room(14).Tick = &wire.Tick{Root: m.view.root, Want: l.wants, Load: m.load}
	}
}

// packBodies packs the bodies that are here.
func (m *Machine) packBodies(p *packer, l *link) {
	for _, id := range slices.Sorted(maps.Keys(l.bodies)) {
		r := m.view.byID[id]
		if r == nil || r.body.version == 0 {
			continue
		}
		g := p.room(12 + len(id) + size(r.body.parts) + 2*len(r.body.parts))
		g.Bodies = append(g.Bodies, wire.Body{ID: id, Version: r.body.version, Parts: slices.Clip(r.body.parts)})
	}
}

// header is what is told of r to who has a version of its body.
func (r *record) header(has uint64) wire.Record {
	h := wire.Record{ID: r.id, Name: r.name, URLs: r.urls, Stamp: r.stamp, Body: r.announced}
	if s := r.suspicion; s != nil && s.rumour.Compare(h.Stamp) > 0 {
		h.Stamp = s.rumour
	}
	if h.Stamp.Live() && r.body.version == r.announced {
		h.Deltas = r.body.since(has)
	}
	return h
}

// maxMessage is about how large a message gets, in bytes. A larger one would delay
// the calls that share the link.
const maxMessage = 32 << 10

// packer fills messages.
type packer struct {
	to     string
	sends  []Send
	gossip *wire.Gossip
	size   int
}

// room returns the message to add n bytes to.
func (p *packer) room(n int) *wire.Gossip {
	if p.gossip != nil && p.size+n > maxMessage {
		p.done()
	}
	if p.gossip == nil {
		p.gossip, p.size = new(wire.Gossip), 0
	}
	p.size += n
	return p.gossip
}

// done returns the messages, and begins a new one.
func (p *packer) done() []Send {
	if p.gossip != nil {
		p.sends = append(p.sends, Send{p.to, p.gossip})
		p.gossip = nil
	}
	return p.sends
}
