package gossip

import (
	"math/bits"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// sessionMax is how long a comparison keeps others from beginning.
	sessionMax = time.Second

	// digestEntries bounds the entries of one digest, to stay below maxMessage.
	digestEntries = 1024
)

// compare begins a repair if the other's view has another hash. News that is on its
// way explains most differences: these get time to end, except on a new link, where
// there is much to learn.
func (m *Machine) compare(root uint64, l *link) {
	if root == m.view.root {
		return
	}
	if l.compared >= 0 && m.now-l.compared < m.timing.RepairMax && m.now-m.changedAt < m.timing.Settle {
		return
	}
	if m.session != nil && m.now-m.sessionAt < sessionMax && m.links.get(m.session.id) == m.session {
		return
	}
	l.compared = m.now
	m.session, m.sessionAt = l, m.now
	m.stats.Repairs++
	l.buckets = true
	m.dueNow(l)
}

// compareBuckets answers the hashes of the other's buckets with the records of those
// that differ.
func (m *Machine) compareBuckets(theirs []uint64, l *link) {
	if len(theirs) != len(m.view.buckets) {
		m.note(Malformed, "", l.id)
		return
	}
	var differ uint64
	for i, h := range theirs {
		if h != m.view.buckets[i] {
			differ |= 1 << i
		}
	}
	if differ == 0 {
		return
	}
	if !l.digests.allow(m.now) {
		m.stats.Limited++
		return
	}
	l.digest |= differ
	m.dueNow(l)
}

// packDigest packs the records of some buckets, in as many digests as it takes.
func (m *Machine) packDigest(p *packer, mask uint64) {
	var entries [wire.GossipBuckets][]wire.DigestEntry
	for _, r := range m.view.sorted {
		if b := bucketOf(r.key); r.live() && mask&(1<<b) != 0 {
			entries[b] = append(entries[b], wire.DigestEntry{Key: r.key, Stamp: r.stamp, Body: r.announced})
		}
	}
	for mask != 0 {
		d := new(wire.Digest)
		for ; mask != 0; mask &= mask - 1 {
			b := bits.TrailingZeros64(mask)
			if len(d.Entries) > 0 && len(d.Entries)+len(entries[b]) > digestEntries {
				break
			}
			d.Buckets |= 1 << b
			d.Entries = append(d.Entries, entries[b]...)
		}
		p.room(8 + 24*len(d.Entries)).Digest = d
		p.done()
	}
}

// compareDigest sends what the other lacks or has an older stamp of, and asks for
// what it has a newer one of. Tombstones go to who holds the node for alive only.
func (m *Machine) compareDigest(d *wire.Digest, l *link) {
	if m.session == l {
		m.session = nil
	}
	if !l.answers.allow(m.now) {
		m.stats.Limited++
		return
	}
	listed := make(map[uint64]bool, len(d.Entries))
	room := m.maxMembers - len(m.view.sorted)
	for _, e := range d.Entries {
		if listed[e.Key] || d.Buckets&(1<<bucketOf(e.Key)) == 0 {
			continue
		}
		listed[e.Key] = true
		r := m.view.byKey[e.Key]
		switch {
		case r == nil:
			if room--; room >= 0 {
				l.keys = append(l.keys, e.Key)
			}
		case r.below(&wire.Record{Stamp: e.Stamp, Body: e.Body}):
			l.keys = append(l.keys, e.Key)
		case r.stamp != e.Stamp || r.announced != e.Body:
			l.tell(r.id, 0)
		}
	}
	for _, r := range m.view.sorted {
		if r.live() && d.Buckets&(1<<bucketOf(r.key)) != 0 && !listed[r.key] {
			l.tell(r.id, 0)
		}
	}
	m.dueNow(l)
}

// lookup sends the records that the other asks for.
func (m *Machine) lookup(keys []uint64, l *link) {
	if len(keys) == 0 {
		return
	}
	if !l.lookups.allow(m.now) {
		m.stats.Limited++
		return
	}
	for _, key := range keys {
		if r := m.view.byKey[key]; r != nil {
			l.tell(r.id, 0)
		}
	}
	m.dueNow(l)
}
