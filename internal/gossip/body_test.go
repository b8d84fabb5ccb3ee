package gossip_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestBodiesFollow: whatever a node changes, in steps or as a whole, a chain of
// nodes has it in the end, and each change exactly once.
func TestBodiesFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := newLab("a"), newLab("b"), newLab("c")
		a.link("b")
		b.link("a", "c")
		c.link("b")
		talk(300*millisecond, a, b, c)
		text := "body of a"
		for i := range rapid.IntRange(1, 50).Draw(t, "changes") {
			delta := fmt.Sprintf("+%d", i)
			text += delta
			if rapid.IntRange(0, 9).Draw(t, "whole") == 0 {
				delta = ""
			}
			a.m.Change(a.now, text, delta)
			a.collect()
			if rapid.Bool().Draw(t, "wait") {
				talk(20*millisecond, a, b, c)
			}
		}
		talk(3*second, a, b, c)
		for _, l := range []*lab{a, b, c} {
			m := l.member("a")
			if got := strings.Join(m.Parts, ""); got != text || m.Body != m.BodyVersion || len(m.Parts) > 33 {
				t.Fatalf("%s has %q (version %d of %d, %d parts), want %q", l.id, got, m.BodyVersion, m.Body, len(m.Parts), text)
			}
		}
	})
}

// TestDeltas: which changes are applied as they come, and which bodies are asked for.
func TestDeltas(t *testing.T) {
	large := strings.Repeat("d", 5000)
	for _, tt := range []struct {
		name   string
		body   uint64 // of the record, above the one that is there
		deltas []string
		want   []string // the parts then; nil: it is asked for
	}{
		{"the next", 1, []string{"1"}, []string{"base", "1"}},
		{"two at once", 2, []string{"1", "2"}, []string{"base", "1", "2"}},
		{"some that are known", 1, []string{"-1", "0", "1"}, []string{"base", "1"}},
		{"a gap", 2, []string{"2"}, nil},
		{"none", 1, nil, nil},
		{"too large", 1, []string{large}, nil},
		{"too many", 40, make([]string, 40), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab("self")
			l.meet("x", "y")
			l.tell("x", &wire.Gossip{Bodies: []wire.Body{{ID: "x", Version: life, Parts: []string{"base"}}}})
			l.advance(10 * millisecond)
			l.answers("x")
			l.out.Events = nil

			h := recordOf("x", 2)
			h.Body, h.Deltas = life+tt.body, tt.deltas
			l.tell("x", &wire.Gossip{Records: []wire.Record{h}})
			l.advance(10 * millisecond)
			pulls := l.answers("x").Pulls
			if tt.want == nil {
				if diff := cmp.Diff([]wire.Pull{{ID: "x", Wait: true}}, pulls); diff != "" {
					t.Error(diff)
				}
				return
			}
			if diff := cmp.Diff(tt.want, l.member("x").Parts); diff != "" || len(pulls) > 0 {
				t.Errorf("asks for %v; %s", pulls, diff)
			}
			want := []gossip.Event{{Kind: gossip.Updated, ID: "x", BodyChanged: true, Deltas: tt.want[1:]}}
			if diff := cmp.Diff(want, l.out.Events); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPull: who is asked, and who answers when.
func TestPull(t *testing.T) {
	l := newLab("self")
	l.meet("x", "y", "z")
	l.advance(150 * millisecond) // links are wanted now
	l.answers("x")
	l.answers("y")

	h := recordOf("far", 1)
	l.tell("x", &wire.Gossip{Records: []wire.Record{h}})
	l.tell("y", &wire.Gossip{Pulls: []wire.Pull{{ID: "far", Wait: true}}})  // waits
	l.tell("z", &wire.Gossip{Pulls: []wire.Pull{{ID: "far", Wait: false}}}) // is told at once
	l.advance(10 * millisecond)
	if diff := cmp.Diff([]string{"far"}, l.answers("z").Lacking); diff != "" {
		t.Errorf("z: %s", diff)
	}
	if diff := cmp.Diff([]wire.Pull{{ID: "far", Wait: true}}, l.answers("x").Pulls); diff != "" {
		t.Errorf("the announcer is asked for %s", diff)
	}
	body := wire.Body{ID: "far", Version: life, Parts: []string{"b"}}
	l.tell("x", &wire.Gossip{Bodies: []wire.Body{body}})
	if diff := cmp.Diff([]wire.Body{body}, l.answers("y").Bodies); diff != "" {
		t.Errorf("y waited: %s", diff)
	}
	l.tell("z", &wire.Gossip{Pulls: []wire.Pull{{ID: "far"}, {ID: "unknown", Wait: true}}})
	got := l.answers("z")
	if diff := cmp.Diff([]wire.Body{body}, got.Bodies); diff != "" {
		t.Errorf("z asked: %s", diff)
	}
	if diff := cmp.Diff([]string{"unknown"}, got.Lacking); diff != "" {
		t.Error(diff)
	}
}

// TestPullAgain: a body that does not come is asked for elsewhere.
func TestPullAgain(t *testing.T) {
	for name, fail := range map[string]func(l *lab){
		"no answer": func(l *lab) { l.advance(2 * second) },
		"lacking":   func(l *lab) { l.tell("x", &wire.Gossip{Lacking: []string{"far"}}) },
		"link lost": func(l *lab) { l.drop("x", gossip.Lost) },
		"closed":    func(l *lab) { l.drop("x", gossip.Closed) },
	} {
		l := newLab("self")
		l.meet("x", "y", "z")
		l.advance(1500 * millisecond)
		l.tell("x", &wire.Gossip{Records: []wire.Record{recordOf("far", 1)}})
		l.advance(10 * millisecond)
		asked := l.m.Stats().Pulls
		fail(l)
		l.advance(1500 * millisecond)
		if n := l.m.Stats().Pulls; n <= asked {
			t.Errorf("%s: it is not asked for again", name)
		}
	}
}
