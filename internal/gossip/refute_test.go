package gossip_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestRefutation: what a node makes of a stamp that others have of it. Its own is
// life.1, and so is its body.
func TestRefutation(t *testing.T) {
	const gap = 1 << 16
	stamp := func(incarnation int64, version uint64, state wire.State) *wire.Gossip {
		h := recordOf("self", version)
		h.Name, h.URLs = "forged", []string{"ws://forged"}
		h.Stamp.Incarnation, h.Stamp.State = incarnation, state
		return &wire.Gossip{Records: []wire.Record{h}}
	}
	ofBody := func(g *wire.Gossip, body uint64) *wire.Gossip { g.Records[0].Body = body; return g }
	type own struct {
		Incarnation   int64
		Version, Body uint64
	}
	unchanged := own{life, 1, life}
	for _, tt := range []struct {
		name  string
		claim *wire.Gossip
		want  own
		notes []gossip.Note
	}{
		{"its own stamp", stamp(life, 1, wire.Alive), unchanged, nil},
		{"a former life's", ofBody(stamp(life-1, 9, wire.Left), life-1), unchanged, nil},
		{"a former life that offered much", stamp(life-1, 9, wire.Left), own{life, 2, life + gap}, nil},
		{"a tombstone", stamp(life, 1, wire.Dead), own{life, 2, life}, nil},
		{"a newer tombstone", stamp(life, 7, wire.Dead), own{life, 8, life}, nil},
		{"a report", reports("self", false, "x"), own{life, 2, life}, nil},
		{"a report about a former life", &wire.Gossip{Reports: []wire.Report{{Subject: "self", By: "x", Stamp: wire.Stamp{Incarnation: life - 1, Version: 9}}}}, unchanged, nil},
		{"it did not leave", stamp(life, 1, wire.Left), own{life + gap, 1, life + gap}, []gossip.Note{{Kind: gossip.ForeignClaim, ID: "self", From: "peer"}}},
		{"a life with a clock ahead", stamp(life+500, 3, wire.Alive), own{life + 500 + gap, 1, life + 500 + gap}, []gossip.Note{{Kind: gossip.ForeignClaim, ID: "self", From: "peer"}}},
		{"a life that offered much since", ofBody(stamp(life+500, 3, wire.Alive), life+900), own{life + 900 + gap, 1, life + 900 + gap}, []gossip.Note{{Kind: gossip.ForeignClaim, ID: "self", From: "peer"}}},
		{"a body that is not its own", ofBody(stamp(life, 1, wire.Alive), life+3), own{life + 3 + gap, 1, life + 3 + gap}, []gossip.Note{{Kind: gossip.ForeignClaim, ID: "self", From: "peer"}}},
		{"no version above", stamp(life, wire.MaxVersion, wire.Dead), own{life + 1, 1, life}, nil},
		{"almost no incarnation above", stamp(wire.MaxIncarnation, 3, wire.Alive), own{wire.MaxIncarnation, 4, life + 1}, []gossip.Note{{Kind: gossip.ForeignClaim, ID: "self", From: "peer"}}},
		{"nothing above", stamp(wire.MaxIncarnation, wire.MaxVersion, wire.Dead), unchanged, []gossip.Note{
			{Kind: gossip.ForeignClaim, ID: "self", From: "peer"}, {Kind: gossip.Exhausted, ID: "self"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab("self")
			l.link("peer")
			l.tell("peer", tt.claim)
			m := l.member("self")
			got := own{m.Incarnation, m.Version, m.Body}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if m.Body != m.BodyVersion || m.Name != "self" || m.URLs[0] != urlOf("self") {
				t.Errorf("%+v", m)
			}
			if diff := cmp.Diff(tt.notes, l.out.Notes); diff != "" {
				t.Error(diff)
			}
			if got == unchanged {
				return
			}
			l.advance(5 * millisecond)
			said := l.answers("peer").Records
			if len(said) > 0 {
				said = said[len(said)-1:] // what it said when the link came up is before
			}
			if len(said) != 1 || said[0].Stamp.Incarnation != got.Incarnation || said[0].Stamp.Version != got.Version || said[0].Body != got.Body {
				t.Errorf("it says %+v", said)
			}
		})
	}
}

// TestRefutationsAreBounded: 8 at once, the last of what came since with each tick.
func TestRefutationsAreBounded(t *testing.T) {
	l := newLab("self")
	l.link("peer")
	for v := range uint64(100) {
		l.tell("peer", tombstone("self", 10*v+1))
	}
	if _, v := l.stamp(); v != 72 { // above the 8th claim, 71
		t.Errorf("version %d after a burst", v)
	}
	l.advance(1200 * millisecond) // one tick
	if _, v := l.stamp(); v != 992 {
		t.Errorf("version %d after a tick", v)
	}
	if n := l.m.Stats().Refutations; n != 9 {
		t.Errorf("%d refutations", n)
	}
}

// TestLeave: who leaves says so at once, is not revived, and asks for nothing more.
func TestLeave(t *testing.T) {
	l := newLab("self", func(c *gossip.Config) { c.Seeds = []string{"ws://seed"} })
	l.meet(ids(5)...)
	l.advance(second)
	l.out = gossip.Output{}
	l.m.Leave(l.now)
	l.m.Leave(l.now)
	l.collect()
	for _, id := range ids(5) {
		got := l.answers(id).Records
		if len(got) != 1 || got[0].Stamp.State != wire.Left {
			t.Errorf("%s is told %+v", id, got)
		}
	}
	l.out = gossip.Output{}
	l.tell("n000", &wire.Gossip{Records: []wire.Record{recordOf("self", 9)}})
	l.m.Change(l.now, "other", "")
	for _, id := range ids(5) {
		l.drop(id, gossip.Lost)
	}
	l.advance(30 * second)
	if s := l.state("self"); s != gossip.Left {
		t.Errorf("%v", s)
	}
	if len(l.out.Dials) > 0 {
		t.Errorf("it dials %v", l.out.Dials)
	}
}

// TestDepartedIsNotSought, and who died is.
func TestDepartedIsNotSought(t *testing.T) {
	for state, want := range map[wire.State]bool{wire.Left: false, wire.Dead: true} {
		l := newLab("self")
		l.meet("x", "y")
		h := recordOf("x", 1)
		h.Stamp.State = state
		l.tell("y", &wire.Gossip{Records: []wire.Record{h}})
		l.drop("x", gossip.Closed)
		l.advance(5 * second)
		if s := l.state("x"); (s == gossip.Dead) != want {
			t.Fatalf("%v", s)
		}
		l.noAnswers()
		l.out.Dials = nil
		l.advance(30 * second)
		dialed := false
		for _, d := range l.out.Dials {
			dialed = dialed || d.Node == "x"
		}
		if dialed != want {
			t.Errorf("%v is dialed: %v", state, dialed)
		}
	}
}
