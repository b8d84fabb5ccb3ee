package wire

import "fmt"

// check holds g against the bounds of gossip, before it is written and after it
// was read: both ends refuse the same.
func (g *Gossip) check() *Error {
	if n := g.entries(); n > MaxEntries {
		return limitError("entries", MaxEntries, "its lists have %d entries together, and may have %d", n, MaxEntries)
	}
	var b bounds
	b.lists(g)
	checkAll(&b, "records", g.Records, (*bounds).record)
	checkAll(&b, "reports", g.Reports, (*bounds).report)
	checkAll(&b, "pulls", g.Pulls, (*bounds).pull)
	checkAll(&b, "bodies", g.Bodies, (*bounds).body)
	checkAll(&b, "lacking", g.Lacking, (*bounds).lacking)
	if g.Digest != nil {
		checkAll(&b, "digest", g.Digest.Entries, (*bounds).digestEntry)
	}
	return b.err
}

// checkAll checks a list up to its first entry that is wrong.
func checkAll[T any](b *bounds, field string, list []T, check func(*bounds, *T)) {
	for i := range list {
		if b.err != nil {
			return
		}
		b.at(field, i)
		check(b, &list[i])
	}
}

// entries returns how many entries the lists of g have, as their reader counts
// them.
func (g *Gossip) entries() int {
	n := len(g.Records) + len(g.Reports) + len(g.Pulls) + len(g.Bodies) + len(g.Lacking) + len(g.Wanted)
	for i := range g.Records {
		n += len(g.Records[i].URLs) + len(g.Records[i].Deltas)
	}
	for i := range g.Bodies {
		n += len(g.Bodies[i].Parts)
	}
	if g.Digest != nil {
		n += len(g.Digest.Entries)
	}
	return n
}

// lists bounds the lists of g itself.
func (b *bounds) lists(g *Gossip) {
	b.most("records", len(g.Records), MaxGossipList, "entries")
	b.most("reports", len(g.Reports), MaxGossipList, "entries")
	b.most("pulls", len(g.Pulls), MaxGossipList, "entries")
	b.most("bodies", len(g.Bodies), MaxGossipList, "entries")
	b.most("lacking", len(g.Lacking), MaxGossipList, "entries")
	b.most("wanted", len(g.Wanted), MaxGossipList, "entries")
	if g.Digest != nil {
		b.most("digest", len(g.Digest.Entries), MaxGossipList, "entries")
	}
	if n := len(g.Buckets); n != 0 && n != GossipBuckets {
		b.fail("buckets", "has %d entries: it must have %d", n, GossipBuckets)
	}
}

func (b *bounds) record(r *Record) {
	b.id("id", r.ID)
	b.text("name", r.Name, MaxNodeID)
	b.most("urls", len(r.URLs), MaxURLs, "entries")
	for i, url := range r.URLs {
		if url == "" {
			b.fail(fmt.Sprintf("urls[%d]", i), "is empty")
		}
		if b.text("urls", url, MaxURL); b.err != nil {
			return
		}
	}
	b.stamp(r.Stamp)
	b.number("body", r.Body, MaxBody)
	b.most("deltas", len(r.Deltas), MaxDeltas, "entries")
	b.deltas("deltas", r.Deltas)
}

func (b *bounds) report(r *Report) {
	b.id("subject", r.Subject)
	b.stamp(r.Stamp)
	b.id("by", r.By)
}

func (b *bounds) pull(p *Pull) { b.id("id", p.ID) }

func (b *bounds) lacking(id *string) { b.id("id", *id) }

func (b *bounds) digestEntry(e *DigestEntry) {
	b.stamp(e.Stamp)
	b.number("body", e.Body, MaxBody)
}

func (b *bounds) body(body *Body) {
	b.id("id", body.ID)
	b.number("version", body.Version, MaxBody)
	if len(body.Parts) == 0 {
		b.fail("parts", "is empty")
		return
	}
	b.most("parts", len(body.Parts), MaxParts, "entries")
	b.deltas("parts", body.Parts[1:])
}

// deltas bounds encoded changes by their size: who needs them decodes them.
func (b *bounds) deltas(field string, list []string) {
	for _, delta := range list {
		b.most(field, len(delta), MaxDelta, "bytes")
	}
}

func (b *bounds) stamp(s Stamp) {
	if s.Incarnation < 1 || s.Incarnation > MaxIncarnation {
		b.fail("stamp.incarnation", "is %d: it must be from 1 to %d", s.Incarnation, int64(MaxIncarnation))
	}
	b.number("stamp.version", s.Version, MaxVersion)
	if s.State > Left {
		b.fail("stamp.state", "is %d: it must be at most %d", uint8(s.State), uint8(Left))
	}
}
