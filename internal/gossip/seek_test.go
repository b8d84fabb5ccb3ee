package gossip_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

func seeds(urls ...string) func(*gossip.Config) {
	return func(c *gossip.Config) { c.Seeds = urls }
}

// seeded returns the seeds that were dialed since it was last asked, and ends the dials;
// those of nodes without an answer.
func (l *lab) seeded(r gossip.DialResult) []string {
	var urls []string
	dials := l.out.Dials
	l.out.Dials = nil
	for _, d := range dials {
		if d.Seed == "" {
			l.m.DialDone(l.now, d, gossip.DialResult{Outcome: gossip.NoAnswer})
			continue
		}
		urls = append(urls, d.Seed)
		l.m.DialDone(l.now, d, r)
	}
	l.collect()
	return urls
}

// TestSeeds: which seeds are dialed again and again, after what came of the first dial,
// and which rarely or never.
func TestSeeds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		result gossip.DialResult
		then   func(l *lab)
		often  bool
	}{
		{"no answer", gossip.DialResult{Outcome: gossip.NoAnswer}, nil, true},
		{"refused", gossip.DialResult{Outcome: gossip.Refused}, nil, true},
		{"this node", gossip.DialResult{Outcome: gossip.Self, Node: "self", Incarnation: life}, nil, false},
		{"linked", gossip.DialResult{Outcome: gossip.Linked, Node: "x", Incarnation: life}, func(l *lab) { l.meet("x") }, false},
		{"linked, and died", gossip.DialResult{Outcome: gossip.Linked, Node: "x", Incarnation: life}, func(l *lab) {
			l.meet("x", "y")
			l.tell("y", tombstone("x", 1))
			l.drop("x", gossip.Lost)
			l.noAnswers()
			l.advance(5 * second)
			l.noAnswers()
		}, true},
		{"its URL is that of a live node", gossip.DialResult{Outcome: gossip.NoAnswer}, func(l *lab) {
			l.link("x", "y")
			h := recordOf("x", 1)
			h.URLs = []string{"ws://seed"}
			l.tell("y", &wire.Gossip{Records: []wire.Record{h, recordOf("y", 1)}})
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab("self", seeds("ws://seed", "ws://seed"))
			l.advance(millisecond)
			if diff := cmp.Diff([]string{"ws://seed"}, l.seeded(tt.result)); diff != "" {
				t.Fatalf("at first: %s", diff)
			}
			if tt.then != nil {
				tt.then(l)
			}
			again := 0
			for range 20 {
				l.advance(second)
				again += len(l.seeded(tt.result))
			}
			if often := again >= 4; often != tt.often {
				t.Errorf("dialed again %d times in 20 s, want it often: %v", again, tt.often)
			}
		})
	}
}

// TestOwnURLIsNoSeed: who is told its own address among others need not try it.
func TestOwnURLIsNoSeed(t *testing.T) {
	l := newLab("self", seeds(urlOf("self")))
	l.advance(60 * second)
	if len(l.out.Dials) > 0 {
		t.Errorf("it dials itself: %v", l.out.Dials)
	}
}

// TestBackoff: attempts become rarer, up to about 10 s between them.
func TestBackoff(t *testing.T) {
	l := newLab("self", seeds("ws://seed"))
	var attempts []int // in each 10 s
	for range 12 {
		n := 0
		for range 1000 {
			l.advance(10 * millisecond)
			n += len(l.seeded(gossip.DialResult{Outcome: gossip.Refused}))
		}
		attempts = append(attempts, n)
	}
	if attempts[0] < 4 || attempts[0] > 8 {
		t.Errorf("%d attempts in the first 10 s", attempts[0])
	}
	for i, n := range attempts[2:] {
		if n > 3 {
			t.Errorf("%d attempts in the 10 s after %d s", n, 20+10*i)
		}
	}
}

// TestSetSeeds: seeds that come late are dialed at once, those that stay keep what
// is known of them.
func TestSetSeeds(t *testing.T) {
	l := newLab("self")
	l.advance(5 * second)
	if len(l.out.Dials) > 0 {
		t.Fatalf("a node without seeds dials %v", l.out.Dials)
	}
	l.m.SetSeeds(l.now, []string{"ws://a", "ws://b"})
	l.advance(millisecond)
	self := gossip.DialResult{Outcome: gossip.Self}
	if diff := cmp.Diff([]string{"ws://a", "ws://b"}, l.seeded(self)); diff != "" {
		t.Error(diff)
	}
	l.m.SetSeeds(l.now, []string{"ws://b", "ws://c"})
	l.advance(millisecond)
	if diff := cmp.Diff([]string{"ws://c"}, l.seeded(self)); diff != "" {
		t.Error(diff)
	}
}

// TestUnusedLinks: a link that neither end wants is named, by one end, and again.
func TestUnusedLinks(t *testing.T) {
	const self, unwanted = "n000", "n005"
	for _, lower := range []bool{true, false} {
		me, other := self, unwanted
		if !lower {
			me, other = other, me
		}
		l := newLab(me)
		l.meet(other)
		h := recordOf(other, 2)
		h.Stamp.State = wire.Left // nobody wants a link to it
		l.tell(other, &wire.Gossip{Records: []wire.Record{h}})
		l.advance(25 * second)
		want := 0
		if lower {
			want = 2
		}
		if len(l.out.Unused) != want {
			t.Errorf("%s names %v", me, l.out.Unused)
		}
	}
}
