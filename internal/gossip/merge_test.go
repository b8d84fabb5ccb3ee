package gossip_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestMergeTakesTheMaximum: whatever comes, in whatever order and how often, the
// largest stamp of each node is what is held.
func TestMergeTakesTheMaximum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stamps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) wire.Record {
			h := recordOf(rapid.SampledFrom(ids(5)).Draw(t, "id"), rapid.Uint64Range(1, 5).Draw(t, "version"))
			h.Stamp.Incarnation += rapid.Int64Range(0, 2).Draw(t, "incarnation")
			h.Stamp.State = rapid.SampledFrom([]wire.State{wire.Alive, wire.Left}).Draw(t, "state")
			h.Body += 10*uint64(h.Stamp.Incarnation-life) + h.Stamp.Version
			return h
		}), 1, 30).Draw(t, "records")

		want := make(map[string]wire.Stamp)
		for _, h := range stamps {
			if h.Stamp.Compare(want[h.ID]) > 0 {
				want[h.ID] = h.Stamp
			}
		}
		shuffled := rapid.Permutation(append(stamps, stamps...)).Draw(t, "order")
		for _, order := range [][]wire.Record{stamps, shuffled} {
			l := newLab("self")
			l.link("peer")
			for _, h := range order {
				l.tell("peer", &wire.Gossip{Records: []wire.Record{h}})
			}
			got := make(map[string]wire.Stamp)
			for _, id := range l.m.Members() {
				if m := l.member(id); id != "self" {
					s := wire.Stamp{Incarnation: m.Incarnation, Version: m.Version}
					if m.State == gossip.Left {
						s.State = wire.Left
					}
					got[id] = s
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// TestReplay: the same calls and the same seed give the same output.
func TestReplay(t *testing.T) {
	run := func() gossip.Output {
		rng := rand.New(rand.NewPCG(7, 7))
		l := newLab("n020", func(c *gossip.Config) { c.Seeds = []string{"ws://s1", "ws://s2"} })
		all := ids(60)
		l.meet(all[:10]...)
		for range 400 {
			from := all[rng.IntN(10)]
			h := recordOf(all[rng.IntN(60)], rng.Uint64N(20)+1)
			h.Stamp.State = wire.State(rng.IntN(3))
			l.tell(from, &wire.Gossip{
				Records: []wire.Record{h},
				Reports: []wire.Report{{Subject: all[rng.IntN(60)], Stamp: recordOf("", rng.Uint64N(20)+1).Stamp, By: all[rng.IntN(60)], Hard: rng.IntN(2) == 0}},
				Tick:    &wire.Tick{Root: rng.Uint64()},
			})
			l.advance(time.Duration(rng.IntN(300)) * time.Millisecond)
		}
		return l.out
	}
	a, b := run(), run()
	if len(a.Sends) == 0 || len(a.Events) == 0 || len(a.Dials) == 0 {
		t.Fatalf("nothing happened: %d sends, %d events, %d dials", len(a.Sends), len(a.Events), len(a.Dials))
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

// TestRepairMakesViewsEqual: two nodes that know different parts of a cluster know
// all of it, in the newest version, when they have talked for a moment.
func TestRepairMakesViewsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 150).Draw(t, "nodes")
		a, b := newLab("a"), newLab("b")
		want := make(map[string]uint64)
		for _, l := range []*lab{a, b} {
			l.link("helper")
			var g wire.Gossip
			for _, id := range ids(n) {
				if v := rapid.Uint64Range(0, 3).Draw(t, "version"); v > 0 {
					g.Records = append(g.Records, recordOf(id, v))
					want[id] = max(want[id], v)
				}
			}
			l.tell("helper", &g)
			l.advance(time.Second) // the news is old by the time they meet
			l.drop("helper", gossip.Closed)
			l.out.Sends = nil
		}
		a.link("b")
		b.link("a")
		talk(50*time.Millisecond, a, b)
		for _, l := range []*lab{a, b} {
			got := make(map[string]uint64)
			for _, id := range l.m.Members() {
				if id != "a" && id != "b" {
					got[id] = l.member(id).Version
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: %s", l.id, diff)
			}
		}
	})
}

// TestTombstoneIsToldToWhoClaimsLife only: who knows nothing need not learn it.
func TestTombstoneIsToldToWhoClaimsLife(t *testing.T) {
	l := newLab("self")
	l.meet("a", "b")
	gone := recordOf("b", 2)
	gone.Stamp.State = wire.Left
	l.tell("a", &wire.Gossip{Records: []wire.Record{gone}})
	l.advance(10 * time.Millisecond)
	l.answers("a")

	l.tell("a", &wire.Gossip{Records: []wire.Record{recordOf("b", 1)}})
	l.advance(10 * time.Millisecond)
	got := l.answers("a").Records
	if len(got) != 1 || got[0].ID != "b" || got[0].Stamp != gone.Stamp {
		t.Errorf("told %v, want the tombstone of b", got)
	}

	unknown := recordOf("c", 1)
	unknown.Stamp.State = wire.Dead
	l.tell("a", &wire.Gossip{Records: []wire.Record{unknown}})
	if _, ok := l.m.Member("c"); ok {
		t.Error("a tombstone of a node that was not known is kept")
	}
}

// TestForget: tombstones are gone after their time, the living are not.
func TestForget(t *testing.T) {
	l := newLab("self")
	l.meet("a", "b")
	gone := recordOf("b", 2)
	gone.Stamp.State = wire.Left
	l.tell("a", &wire.Gossip{Records: []wire.Record{gone}})
	l.drop("b", gossip.Closed)
	l.advance(9 * time.Minute)
	if s := l.state("b"); s != gossip.Left {
		t.Fatalf("b is %v after 9 minutes", s)
	}
	l.advance(2 * time.Minute)
	if diff := cmp.Diff([]string{"a", "self"}, l.m.Members()); diff != "" {
		t.Error(diff)
	}
	want := []gossip.EventKind{gossip.Joined, gossip.Departed, gossip.Forgotten}
	if diff := cmp.Diff(want, l.events("b")); diff != "" {
		t.Error(diff)
	}
	if s := l.m.Stats(); s.Tombstones != 0 || s.Live != 2 {
		t.Errorf("%+v", s)
	}
}
