package gossip_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

const (
	second      = time.Second
	millisecond = time.Millisecond
)

// about is a report about x's first stamp.
func about(x, by string, hard bool) wire.Report {
	return wire.Report{Subject: x, Stamp: recordOf(x, 1).Stamp, By: by, Hard: hard}
}

func reports(x string, hard bool, by ...string) *wire.Gossip {
	var g wire.Gossip
	for _, b := range by {
		g.Reports = append(g.Reports, about(x, b, hard))
	}
	return &g
}

func tombstone(x string, version uint64) *wire.Gossip {
	h := recordOf(x, version)
	h.Stamp.State = wire.Dead
	return &wire.Gossip{Records: []wire.Record{h}}
}

// TestSuspicion: in a mesh of 10 nodes, n009 has 9 observers, the machine among them,
// so that the quorum is 5. The machine itself can reach it.
func TestSuspicion(t *testing.T) {
	const x = "n009"
	for _, tt := range []struct {
		name string
		tell []*wire.Gossip
		dies time.Duration // 0: at once; -1: never
	}{
		{"hard quorum", []*wire.Gossip{reports(x, true, "n001", "n002", "n003", "n004", "n005")}, 0},
		{"hard, one too few", []*wire.Gossip{reports(x, true, "n001", "n002", "n003", "n004")}, 8 * second},
		{"one reporter twice", []*wire.Gossip{reports(x, true, "n001", "n001", "n002", "n003", "n004")}, 8 * second},
		{"soft quorum", []*wire.Gossip{reports(x, false, "n001", "n002", "n003", "n004", "n005")}, 4 * second},
		{"hard and soft together", []*wire.Gossip{reports(x, true, "n001", "n002", "n003"), reports(x, false, "n004", "n005")}, 4 * second},
		{"soft made hard", []*wire.Gossip{reports(x, false, "n001", "n002", "n003", "n004", "n005"), reports(x, true, "n001", "n002", "n003", "n004", "n005")}, 0},
		{"one", []*wire.Gossip{reports(x, false, "n001")}, 8 * second},
		{"rumour", []*wire.Gossip{tombstone(x, 1)}, 2 * second},
		{"rumour and quorum", []*wire.Gossip{reports(x, false, "n001", "n002", "n003", "n004", "n005"), tombstone(x, 1)}, 0},
		{"a reporter that is not known", []*wire.Gossip{reports(x, false, "stranger")}, -1},
		{"a stamp that was refuted", []*wire.Gossip{
			{Records: []wire.Record{recordOf(x, 2)}}, reports(x, true, "n001", "n002", "n003", "n004", "n005"),
		}, -1},
		{"refutation", []*wire.Gossip{reports(x, false, "n001", "n002", "n003", "n004", "n005"), {Records: []wire.Record{recordOf(x, 2)}}}, -1},
		{"refutation of a rumour", []*wire.Gossip{tombstone(x, 1), {Records: []wire.Record{recordOf(x, 2)}}}, -1},
		{"no refutation: the tombstone is newer", []*wire.Gossip{tombstone(x, 2), {Records: []wire.Record{recordOf(x, 2)}}}, 2 * second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab("self")
			l.meet(ids(10)[1:]...)
			l.advance(100 * millisecond)
			for _, g := range tt.tell {
				l.tell("n001", g)
			}
			switch tt.dies {
			case 0:
				if s := l.state(x); s != gossip.Dead {
					t.Errorf("%v, want dead at once", s)
				}
			case -1:
				l.advance(40 * second)
				if s := l.state(x); s != gossip.Alive {
					t.Errorf("%v, want alive", s)
				}
			default:
				l.advance(tt.dies - millisecond)
				if s := l.state(x); s != gossip.Suspect {
					t.Errorf("%v before its time, want suspect", s)
				}
				l.advance(millisecond)
				if s := l.state(x); s != gossip.Dead {
					t.Errorf("%v after %v, want dead", s, tt.dies)
				}
			}
		})
	}
}

// TestSuspectsDoNotWitness: reporters that two others can't reach do not count, and
// are no observers who could be asked.
func TestSuspectsDoNotWitness(t *testing.T) {
	l := newLab("self")
	l.meet(ids(10)[1:]...)
	l.tell("n001", reports("n005", false, "n001", "n002"))
	l.tell("n001", reports("n009", true, "n001", "n002", "n003", "n005"))
	if s := l.state("n009"); s != gossip.Suspect { // 3 of 8 unsuspected: 5 are needed
		t.Errorf("%v with 3 witnesses that count", s)
	}
	l.tell("n001", reports("n009", true, "n004"))
	if s := l.state("n009"); s != gossip.Suspect {
		t.Errorf("%v with 4 witnesses that count", s)
	}
	l.tell("n001", reports("n009", true, "n006"))
	if s := l.state("n009"); s != gossip.Dead {
		t.Errorf("%v with 5 witnesses that count", s)
	}
}

// TestEvidence: what the machine itself takes as evidence, with one other node.
func TestEvidence(t *testing.T) {
	refused := gossip.DialResult{Outcome: gossip.Refused}
	silent := gossip.DialResult{Outcome: gossip.NoAnswer}
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, l *lab)
		want gossip.State
	}{
		{"lost and refused", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Lost)
			l.dialed(t, "x", refused)
		}, gossip.Dead},
		{"lost and no answer", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Lost)
			l.dialed(t, "x", silent)
		}, gossip.Suspect},
		{"closed and refused: only soft", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Closed)
			l.dialed(t, "x", refused)
		}, gossip.Suspect},
		{"lost, and a younger process is there", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Lost)
			l.dialed(t, "x", gossip.DialResult{Outcome: gossip.Other, Node: "y", Incarnation: life + 1})
		}, gossip.Dead},
		{"lost, and an older process is there", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Lost)
			l.dialed(t, "x", gossip.DialResult{Outcome: gossip.Other, Node: "y", Incarnation: life - 1})
		}, gossip.Suspect},
		{"closed, and a younger process is there: a wrong address", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Closed)
			l.dialed(t, "x", gossip.DialResult{Outcome: gossip.Other, Node: "y", Incarnation: life + 1})
		}, gossip.Alive},
		{"its address is this node's", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Closed)
			l.dialed(t, "x", gossip.DialResult{Outcome: gossip.Self})
		}, gossip.Alive},
		{"its address is this node's, and no link for 5 s", func(t *testing.T, l *lab) {
			l.drop("x", gossip.Closed)
			for range 70 {
				l.noAnswersBut(gossip.Self)
				l.advance(100 * millisecond)
			}
		}, gossip.Suspect},
		{"silent for 3 s", func(t *testing.T, l *lab) {
			l.mute["x"] = true
			l.advance(5 * second)
		}, gossip.Suspect},
		{"silent, but alone for long: it may be this node", func(t *testing.T, l *lab) {
			l.mute["x"] = true
			l.advance(60 * second)
		}, gossip.Suspect},
		{"silent, then lost, then refused", func(t *testing.T, l *lab) {
			l.mute["x"] = true
			l.advance(5 * second)
			l.dialed(t, "x", silent)
			l.advance(second)
			l.noAnswers()
			l.drop("x", gossip.Lost)
			l.dialed(t, "x", refused)
		}, gossip.Dead},
		{"silent with a dial under way, then lost, then refused", func(t *testing.T, l *lab) {
			l.mute["x"] = true
			l.advance(6 * second)
			l.drop("x", gossip.Lost)
			l.dialed(t, "x", refused)
		}, gossip.Dead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab("self")
			l.meet("x")
			l.advance(second)
			l.out.Dials = nil
			tt.do(t, l)
			if s := l.state("x"); s != tt.want {
				t.Errorf("%v, want %v", s, tt.want)
			}
		})
	}
}

// dialed ends the dial of a node that was asked for.
func (l *lab) dialed(t *testing.T, id string, r gossip.DialResult) {
	t.Helper()
	for i, d := range l.out.Dials {
		if d.Node == id {
			l.out.Dials = append(l.out.Dials[:i:i], l.out.Dials[i+1:]...)
			l.m.DialDone(l.now, d, r)
			l.collect()
			return
		}
	}
	t.Fatalf("no dial of %s: %+v", id, l.out.Dials)
}

// TestUndialable: one that can't be dialed has 1.5 s to come back by itself.
func TestUndialable(t *testing.T) {
	for back, want := range map[bool]gossip.State{true: gossip.Alive, false: gossip.Suspect} {
		l := newLab("self")
		l.link("x", "y")
		hidden := recordOf("x", 1)
		hidden.URLs = nil
		l.tell("y", &wire.Gossip{Records: []wire.Record{hidden, recordOf("y", 1)}})
		l.advance(second)
		l.drop("x", gossip.Lost)
		l.advance(1400 * millisecond)
		if s := l.state("x"); s != gossip.Alive {
			t.Errorf("%v before its time", s)
		}
		if back {
			l.link("x")
		}
		l.advance(200 * millisecond)
		if s := l.state("x"); s != want {
			t.Errorf("back %v: %v, want %v", back, s, want)
		}
	}
}

// TestAlone: the first link after a time without any voids what was concluded.
func TestAlone(t *testing.T) {
	l := newLab("self")
	l.meet("x", "y", "z")
	l.advance(second)
	l.mute["x"], l.mute["y"], l.mute["z"] = true, true, true
	l.advance(20 * second)
	for _, id := range []string{"x", "y", "z"} {
		if s := l.state(id); s != gossip.Suspect {
			t.Errorf("%s is %v", id, s)
		}
	}
	l.out.Events = nil
	l.mute["x"] = false
	l.link("x")
	for _, id := range []string{"x", "y", "z"} {
		if s := l.state(id); s != gossip.Alive {
			t.Errorf("%s is %v after the first link", id, s)
		}
	}
	if diff := cmp.Diff([]gossip.EventKind{gossip.Recovered}, l.events("y")); diff != "" {
		t.Error(diff)
	}
}

// TestLateTick: who slept does not blame the others.
func TestLateTick(t *testing.T) {
	l := newLab("self")
	l.meet("x", "y", "z")
	l.advance(10 * second)
	l.out = gossip.Output{}
	l.now += 60 * second // nothing was heard, and nothing was done
	l.m.Advance(l.now)
	l.collect()
	if len(l.out.Silent) > 0 || l.m.Stats().LateTicks != 1 || l.m.Stats().Suspects > 0 {
		t.Errorf("silent %v, %+v", l.out.Silent, l.m.Stats())
	}
}

// TestDamping: after a refutation a node is not accused on soft evidence alone for
// a while, and the longer the oftener it refutes.
func TestDamping(t *testing.T) {
	l := newLab("self")
	l.meet("x", "y", "z")
	l.advance(second)
	l.mute["x"] = true
	version := uint64(1)
	for i, quiet := range []time.Duration{10 * second, 20 * second, 40 * second, 80 * second, 80 * second} {
		for l.state("x") != gossip.Suspect {
			l.noAnswers()
			l.advance(100 * millisecond)
			if l.now > time.Hour {
				t.Fatalf("it is never suspected, round %d", i)
			}
		}
		version++
		l.tell("y", &wire.Gossip{Records: []wire.Record{recordOf("x", version)}})
		for end := l.now + quiet; l.now < end-200*millisecond; {
			l.noAnswers()
			l.advance(100 * millisecond)
			if s := l.state("x"); s != gossip.Alive {
				t.Fatalf("%v in the quiet after refutation %d", s, i+1)
			}
		}
	}
}

// noAnswers ends all dials that were asked for.
func (l *lab) noAnswers() { l.noAnswersBut(gossip.NoAnswer) }

// noAnswersBut ends all dials that were asked for, in one way.
func (l *lab) noAnswersBut(o gossip.Outcome) {
	dials := l.out.Dials
	l.out.Dials = nil
	for _, d := range dials {
		l.m.DialDone(l.now, d, gossip.DialResult{Outcome: o})
	}
	l.collect()
}
