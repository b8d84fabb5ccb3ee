package gossip_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestMaxMembers: 100,000 nodes are invented, and 1,000 are taken up.
func TestMaxMembers(t *testing.T) {
	l := newLab("self", func(c *gossip.Config) { c.MaxMembers = 1000 })
	l.meet("peer")
	for i := range 100 {
		var g wire.Gossip
		for j := range 1000 {
			g.Records = append(g.Records, recordOf(fmt.Sprint("forged", i, ".", j), 1))
		}
		l.tell("peer", &g)
	}
	s := l.m.Stats()
	if s.Members != 1000 || s.Ignored != 100_000-998 {
		t.Errorf("%+v", s)
	}
	if n := len(l.out.Notes); n == 0 || n > 100*16 || l.out.Notes[0].Kind != gossip.TooManyMembers {
		t.Errorf("%d notes", n)
	}
	// Whom it knows it still follows.
	l.tell("peer", &wire.Gossip{Records: []wire.Record{recordOf("peer", 5)}})
	if v := l.member("peer").Version; v != 5 {
		t.Errorf("version %d", v)
	}
}

// TestLargeDigest: one of 65,536 ids that are not known asks for no more than there
// is room for, and the answer to the other comes in messages of a bounded size.
func TestLargeDigest(t *testing.T) {
	l := newLab("self", func(c *gossip.Config) { c.MaxMembers = 5000 })
	l.meet("peer")
	d := &wire.Digest{Buckets: 1<<64 - 1}
	for i := range uint64(1 << 16) {
		d.Entries = append(d.Entries, wire.DigestEntry{Key: i * 0x9e3779b97f4a7c15, Stamp: recordOf("", 1).Stamp, Body: 1})
	}
	l.answers("peer")
	l.tell("peer", &wire.Gossip{Digest: d})
	if n := len(l.answers("peer").Wanted); n != 4998 {
		t.Errorf("%d records are asked for", n)
	}

	var g wire.Gossip
	for i := range 4000 {
		g.Records = append(g.Records, recordOf(fmt.Sprint("node", i), 1))
	}
	l.tell("peer", &g)
	l.answers("peer")
	l.tell("peer", &wire.Gossip{Buckets: make([]uint64, wire.GossipBuckets)})
	entries := 0
	var f wire.Frame
	for _, s := range l.out.Sends {
		if s.Gossip.Digest == nil {
			continue
		}
		entries += len(s.Gossip.Digest.Entries)
		if err := f.Gossip(s.Gossip); err != nil || f.Size() > 32<<10 {
			t.Errorf("%d bytes, %v", f.Size(), err)
		}
	}
	if entries != 4002 {
		t.Errorf("%d entries", entries)
	}
}

// TestDigestsWithoutEnd: a burst of 4 is answered, and then 5 in a second.
func TestDigestsWithoutEnd(t *testing.T) {
	l := newLab("self")
	l.meet("peer")
	l.answers("peer")
	answered := 0
	for range 1000 {
		l.tell("peer", &wire.Gossip{Buckets: make([]uint64, wire.GossipBuckets)})
		if l.answers("peer").Digest != nil {
			answered++
		}
		l.now += millisecond
	}
	if answered != 4+4 { // within the 999 ms after the first
		t.Errorf("%d are answered", answered)
	}
	if n := l.m.Stats().Limited; n != 1000-8 {
		t.Errorf("%d are not", n)
	}
}

// TestReportsAreBounded: neither invented subjects nor invented reporters fill the
// memory, nor do they keep the reports of those who are there from counting.
func TestReportsAreBounded(t *testing.T) {
	l := newLab("self")
	l.meet(ids(10)...)
	for i := range 1000 {
		l.tell("n000", &wire.Gossip{Reports: []wire.Report{
			about(fmt.Sprint("unknown", i), "n001", true), about("n009", fmt.Sprint("invented", i), true),
		}})
	}
	if s := l.m.Stats(); s.Early != 256 || s.Ignored != 744 {
		t.Errorf("%+v", s)
	}
	if s := l.state("n009"); s != gossip.Suspect {
		t.Errorf("%v", s)
	}
	l.tell("n000", reports("n009", true, "n000", "n001", "n002", "n003", "n004", "n005"))
	if s := l.state("n009"); s != gossip.Dead {
		t.Errorf("%v", s)
	}
	l.advance(40 * second)
	if n := l.m.Stats().Early; n != 0 {
		t.Errorf("%d reports are kept after their time", n)
	}
}

// TestEarlyReports: what was said of a node before it was known counts then.
func TestEarlyReports(t *testing.T) {
	l := newLab("self")
	l.meet(ids(9)...)
	l.tell("n000", reports("new", true, "n000", "n001", "n002", "n003", "n004", "n005"))
	if _, ok := l.m.Member("new"); ok {
		t.Fatal("a report makes no member")
	}
	l.tell("n001", &wire.Gossip{Records: []wire.Record{recordOf("new", 1)}})
	if s := l.state("new"); s != gossip.Dead {
		t.Errorf("%v", s)
	}
}

// TestStrangers: messages without a link, and what is no message, change nothing.
func TestStrangers(t *testing.T) {
	l := newLab("self")
	l.link("peer")
	l.tell("stranger", &wire.Gossip{Records: []wire.Record{recordOf("x", 1)}})
	l.tell("peer", &wire.Gossip{
		Records: []wire.Record{{}, {ID: "x"}},
		Reports: []wire.Report{{}, {Subject: "x"}, {Subject: "self", By: "self"}},
		Bodies:  []wire.Body{{}, {ID: "self", Version: 1 << 50, Parts: []string{"forged"}}, {ID: "x", Version: 1}},
		Pulls:   []wire.Pull{{}, {ID: "x", Wait: true}}, Lacking: []string{"", "self"},
		Buckets: []uint64{1}, Digest: &wire.Digest{}, Wanted: []uint64{1, 2},
		Tick: &wire.Tick{},
	})
	l.m.Up(l.now, "self", true)
	l.m.Down(l.now, "nobody", gossip.Lost)
	l.m.Heard("nobody", l.now)
	l.m.DialDone(l.now, gossip.Dial{Node: "nobody", Seed: "ws://nobody"}, gossip.DialResult{Outcome: gossip.Refused})
	l.advance(5 * second)
	if n := len(l.m.Members()); n != 1 {
		t.Errorf("%v", l.m.Members())
	}
	if got := l.member("self").Parts; len(got) != 1 || got[0] != "body of self" {
		t.Errorf("%q", got)
	}
	if v := l.m.Observers("nobody"); v != nil {
		t.Errorf("%v", v)
	}
}

// FuzzReceive: no message that can be decoded makes the machine panic, fill its
// memory, forget who it is, or send what can't be encoded.
func FuzzReceive(f *testing.F) {
	var frame wire.Frame
	for _, g := range []*wire.Gossip{
		{Tick: &wire.Tick{Root: 1, Want: true, Load: 3}},
		tombstone("self", 7), tombstone("n001", 1), reports("n002", true, "n001", "self"), reports("self", true, "n001"),
		{Pulls: []wire.Pull{{ID: "n001", Wait: true}}, Lacking: []string{"n002"}, Buckets: make([]uint64, wire.GossipBuckets), Wanted: []uint64{1}},
		{Bodies: []wire.Body{{ID: "n001", Version: life, Parts: []string{"base", "delta"}}}},
		{Digest: &wire.Digest{Buckets: 3, Entries: []wire.DigestEntry{{Key: 1, Stamp: recordOf("", 1).Stamp, Body: 1}}}},
	} {
		if err := frame.Gossip(g); err != nil {
			f.Fatal(err)
		}
		_, body, err := wire.DecodeFrameHead(slices.Concat(frame.Parts(nil)...))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(slices.Clone(body))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := wire.DecodeGossip(data)
		if err != nil {
			return
		}
		l := newLab("self", func(c *gossip.Config) { c.MaxMembers = 20 })
		l.meet(ids(5)...)
		l.tell("n000", g)
		l.advance(10 * second)
		if n := len(l.m.Members()); n > 20 {
			t.Errorf("%d members", n)
		}
		if s := l.member("self"); s.State != gossip.Alive || s.Name != "self" || s.Body != s.BodyVersion {
			t.Errorf("%+v", s)
		}
		for _, s := range l.out.Sends {
			if err := frame.Gossip(s.Gossip); err != nil {
				t.Error(err)
			}
		}
	})
}
