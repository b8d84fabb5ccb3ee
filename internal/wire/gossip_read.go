package wire

import "encoding/binary"

// DecodeGossip reads and checks the body of a GOSSIP frame. What it returns
// shares no memory with it, nor one entry with another: records are kept for
// long, and the frame that one came in should not be. The error is an *Error.
func DecodeGossip(body []byte) (*Gossip, error) {
	d := frameReader{kind: KindGossip, rest: body}
	g := new(Gossip)
	d.sections(g)
	if d.err != nil {
		return nil, d.err
	}
	if err := g.check(); err != nil {
		return nil, inFrame(KindGossip, err)
	}
	return g, nil
}

// sectionNames are the sections that are known, each of which may be there once.
var sectionNames = [...]string{
	sectionTick: "tick", sectionRecords: "records", sectionReports: "reports", sectionPulls: "pulls",
	sectionBodies: "bodies", sectionLacking: "lacking", sectionBuckets: "buckets", sectionDigest: "digest",
	sectionWanted: "wanted",
}

func (d *frameReader) sections(g *Gossip) {
	var seen uint64 // a bit for each section
	for len(d.rest) > 0 {
		tag, content := d.uv("sections"), d.bytes("sections")
		if tag == 0 || tag >= uint64(len(sectionNames)) {
			continue
		}
		if seen&(1<<tag) != 0 {
			d.fail(sectionNames[tag], "is there twice")
			return
		}
		seen |= 1 << tag
		rest := d.rest
		d.rest = content
		d.section(g, tag)
		if d.end(); d.err != nil {
			return
		}
		d.rest = rest
	}
}

// section reads a section, which is all that d has to read.
func (d *frameReader) section(g *Gossip, tag uint64) {
	field := sectionNames[tag]
	switch tag {
	case sectionTick:
		g.Tick = d.tick(field)
	case sectionRecords:
		g.Records = readSection(d, field, 8, (*frameReader).record)
	case sectionReports:
		g.Reports = readSection(d, field, 7, (*frameReader).report)
	case sectionPulls:
		g.Pulls = readSection(d, field, 3, (*frameReader).pull)
	case sectionBodies:
		g.Bodies = readSection(d, field, 5, (*frameReader).nodeBody)
	case sectionLacking:
		g.Lacking = d.opaques(field)
	case sectionBuckets:
		g.Buckets = d.buckets(field)
	case sectionDigest:
		g.Digest = &Digest{Buckets: d.u64(field)}
		g.Digest.Entries = readSection(d, field, 11, (*frameReader).digestEntry)
	case sectionWanted:
		g.Wanted = readSection(d, field, 8, (*frameReader).wanted)
	}
}

// readSection reads a list whose entries take least bytes at least.
func readSection[T any](d *frameReader, field string, least int, read func(*frameReader, string, *T)) []T {
	n := d.count(field, least)
	if n == 0 {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		if read(d, field, &list[i]); d.err != nil {
			return nil
		}
	}
	return list
}

func (d *frameReader) tick(field string) *Tick {
	t := &Tick{Root: d.u64(field)}
	n := d.uv(field)
	t.Want, t.Load = n&1 != 0, n/2
	return t
}

func (d *frameReader) record(field string, r *Record) {
	r.ID, r.Name, r.URLs = d.opaque(field), d.opaque(field), d.opaques(field)
	r.Stamp, r.Body = d.standing(field)
	r.Deltas = d.opaques(field)
}

func (d *frameReader) report(field string, r *Report) {
	r.Subject, r.Stamp, r.By = d.opaque(field), d.stamp(field), d.opaque(field)
	r.Hard = d.u8(field)&reportHard != 0
}

func (d *frameReader) pull(field string, p *Pull) {
	p.ID = d.opaque(field)
	p.Wait = d.u8(field)&pullWait != 0
}

func (d *frameReader) nodeBody(field string, b *Body) {
	b.ID, b.Version, b.Parts = d.opaque(field), d.uv(field), d.opaques(field)
}

func (d *frameReader) digestEntry(field string, e *DigestEntry) {
	e.Key = d.u64(field)
	e.Stamp, e.Body = d.standing(field)
}

func (d *frameReader) wanted(field string, key *uint64) { *key = d.u64(field) }

// buckets reads as many hashes as there are.
func (d *frameReader) buckets(field string) []uint64 {
	const size = 8
	if len(d.rest) != GossipBuckets*size {
		d.fail(field, "has %d bytes: it must have %d", len(d.rest), GossipBuckets*size)
		return nil
	}
	hashes := make([]uint64, GossipBuckets)
	for i := range hashes {
		hashes[i] = d.u64(field)
	}
	return hashes
}

// standing reads what Frame.standing writes.
func (d *frameReader) standing(field string) (s Stamp, body uint64) {
	s = d.stamp(field)
	n := d.uv(field)
	return s, uint64(s.Incarnation) + (n>>1 ^ -(n & 1))
}

// stamp reads a stamp, which may be out of bounds.
func (d *frameReader) stamp(field string) Stamp {
	incarnation, n := d.uv(field), d.uv(field)
	return Stamp{Incarnation: int64(incarnation), Version: n >> 2, State: State(n & 3)}
}

// opaque reads bytes that need not be text, or that are checked to be one later.
func (d *frameReader) opaque(field string) string { return string(d.bytes(field)) }

func (d *frameReader) opaques(field string) []string {
	n := d.count(field, 1)
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		if list[i] = d.opaque(field); d.err != nil {
			return nil
		}
	}
	return list
}

// u64 reads a number of which all bits are used.
func (d *frameReader) u64(field string) uint64 {
	const size = 8
	if len(d.rest) < size {
		d.fail(field, "is cut off")
		return 0
	}
	n := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[size:]
	return n
}
