package wire

import (
	"encoding/binary"
	"math"
)

// Sections of a GOSSIP frame: who does not know one skips it, odd or even.
const (
	sectionTick    = 1
	sectionRecords = 2
	sectionReports = 3
	sectionPulls   = 4
	sectionBodies  = 5
	sectionLacking = 6
	sectionBuckets = 7
	sectionDigest  = 8
	sectionWanted  = 9
)

// Options of reports and pulls.
const (
	reportHard = 1
	pullWait   = 1
)

// Gossip writes a GOSSIP frame. The error, of something that the other end would
// refuse, is an *Error.
func (f *Frame) Gossip(g *Gossip) error {
	if err := g.check(); err != nil {
		return f.drop(inFrame(KindGossip, err))
	}
	f.begin(KindGossip, 0)
	f.tick(g.Tick)
	writeSection(f, sectionRecords, g.Records, (*Frame).record)
	writeSection(f, sectionReports, g.Reports, (*Frame).report)
	writeSection(f, sectionPulls, g.Pulls, (*Frame).pull)
	writeSection(f, sectionBodies, g.Bodies, (*Frame).nodeBody)
	writeSection(f, sectionLacking, g.Lacking, (*Frame).lacking)
	f.buckets(g.Buckets)
	f.digest(g.Digest)
	writeSection(f, sectionWanted, g.Wanted, (*Frame).wanted)
	return nil
}

// writeSection writes a section that is a list, unless it is empty.
func writeSection[T any](f *Frame, tag uint64, list []T, write func(*Frame, *T)) {
	if len(list) == 0 {
		return
	}
	at := f.open(tag)
	f.count(len(list))
	for i := range list {
		write(f, &list[i])
	}
	f.close(at)
}

// open begins a section, whose length is written when it is known: by close. A
// short one, as that of a tick, is not moved for it.
func (f *Frame) open(tag uint64) (at int) {
	f.uv(tag)
	f.buf = append(f.buf, 0)
	return len(f.buf)
}

// close ends the section that begins at.
func (f *Frame) close(at int) {
	n := len(f.buf) - at
	if more := uvSize(n) - 1; more > 0 {
		f.buf = append(f.buf, make([]byte, more)...)
		copy(f.buf[at+more:], f.buf[at:at+n])
	}
	binary.PutUvarint(f.buf[at-1:], uint64(n))
}

func (f *Frame) tick(t *Tick) {
	if t == nil {
		return
	}
	at := f.open(sectionTick)
	f.u64(t.Root)
	n := min(t.Load, math.MaxUint64/2) * 2
	if t.Want {
		n++
	}
	f.uv(n)
	f.close(at)
}

func (f *Frame) record(r *Record) {
	f.str(r.ID)
	f.str(r.Name)
	f.strs(r.URLs)
	f.standing(r.Stamp, r.Body)
	f.opaques(r.Deltas)
}

func (f *Frame) report(r *Report) {
	f.str(r.Subject)
	f.stamp(r.Stamp)
	f.str(r.By)
	f.option(r.Hard, reportHard)
}

func (f *Frame) pull(p *Pull) {
	f.str(p.ID)
	f.option(p.Wait, pullWait)
}

func (f *Frame) nodeBody(b *Body) {
	f.str(b.ID)
	f.uv(b.Version)
	f.opaques(b.Parts)
}

func (f *Frame) lacking(id *string) { f.str(*id) }

func (f *Frame) wanted(key *uint64) { f.u64(*key) }

func (f *Frame) buckets(hashes []uint64) {
	if len(hashes) == 0 {
		return
	}
	at := f.open(sectionBuckets)
	for _, hash := range hashes {
		f.u64(hash)
	}
	f.close(at)
}

func (f *Frame) digest(d *Digest) {
	if d == nil {
		return
	}
	at := f.open(sectionDigest)
	f.u64(d.Buckets)
	f.count(len(d.Entries))
	for i := range d.Entries {
		e := &d.Entries[i]
		f.u64(e.Key)
		f.standing(e.Stamp, e.Body)
	}
	f.close(at)
}

// standing writes the stamp of a node and the version of its body. That begins
// where the incarnation does, and mostly stays near: the difference is a byte.
func (f *Frame) standing(s Stamp, body uint64) {
	f.stamp(s)
	f.buf = binary.AppendVarint(f.buf, int64(body)-s.Incarnation)
}

// stamp writes the state into the low bits of the version.
func (f *Frame) stamp(s Stamp) {
	f.uv(uint64(s.Incarnation))
	f.uv(s.Version<<2 | uint64(s.State))
}

// option writes options of which there is one.
func (f *Frame) option(set bool, bit byte) {
	if !set {
		bit = 0
	}
	f.buf = append(f.buf, bit)
}

// opaques writes a list of strings that need not be text.
func (f *Frame) opaques(list []string) {
	f.count(len(list))
	for _, s := range list {
		f.count(len(s))
		f.buf = append(f.buf, s...)
	}
}

// u64 writes a number of which all bits are used, the lowest byte first.
func (f *Frame) u64(n uint64) { f.buf = binary.LittleEndian.AppendUint64(f.buf, n) }
