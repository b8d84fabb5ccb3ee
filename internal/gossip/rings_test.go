package gossip_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestObservers: nodes with one view agree on who observes whom; up to 16 everybody
// does, above it is a graph of degree 8 at most, symmetric among those that can be
// dialed.
func TestObservers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := ids(rapid.IntRange(2, 60).Draw(t, "nodes"))
		hidden := make(map[string]bool) // can't be dialed
		var g wire.Gossip
		for i, id := range all {
			h := recordOf(id, 1)
			if i > 0 && rapid.IntRange(0, 4).Draw(t, "hidden") == 0 {
				h.URLs = nil
				hidden[id] = true
			}
			g.Records = append(g.Records, h)
		}
		view := func(self string, order []wire.Record) *lab {
			l := newLab(self, func(c *gossip.Config) {
				if hidden[self] {
					c.URLs = nil
				}
			})
			from := all[0]
			if from == self {
				from = all[1]
			}
			l.link(from)
			l.tell(from, &wire.Gossip{Records: slices.Clone(order)})
			return l
		}
		a := view(all[0], g.Records)
		b := view(all[len(all)-1], rapid.Permutation(g.Records).Draw(t, "order"))

		observers := make(map[string][]string)
		for _, id := range all {
			observers[id] = a.m.Observers(id)
			if diff := cmp.Diff(observers[id], b.m.Observers(id)); diff != "" {
				t.Fatalf("of %s: %s", id, diff)
			}
		}
		checkObservers(t, all, hidden, observers)
	})
}

func checkObservers(t *rapid.T, all []string, hidden map[string]bool, observers map[string][]string) {
	mesh := len(all) <= 16
	for _, x := range all {
		obs := observers[x]
		if !mesh && len(obs) > 8 {
			t.Fatalf("%s has %d observers", x, len(obs))
		}
		for _, y := range all {
			observes := slices.Contains(obs, y)
			switch {
			case x == y && observes:
				t.Fatalf("%s observes itself", x)
			case mesh && x != y && observes != (!hidden[x] || !hidden[y]):
				t.Fatalf("in a mesh %s observes %s: %v", y, x, observes)
			case !mesh && observes && hidden[y]:
				t.Fatalf("%s observes %s and can't be dialed", y, x)
			case !mesh && !hidden[x] && !hidden[y] && observes != slices.Contains(observers[y], x):
				t.Fatalf("%s observes %s: %v, the other way not so", y, x, observes)
			}
		}
		if !mesh && len(obs) == 0 && len(all)-len(hidden) > 1 {
			t.Fatalf("nobody observes %s", x)
		}
	}
}

// TestWantedLinks: a node dials whom it observes and nobody else, the lower id at
// once, the other when that has had its time.
func TestWantedLinks(t *testing.T) {
	all := ids(40)
	l := newLab("n020")
	others := slices.DeleteFunc(slices.Clone(all), func(id string) bool { return id == "n020" })
	l.link(others[0])
	var g wire.Gossip
	for _, id := range others {
		g.Records = append(g.Records, recordOf(id, 1))
	}
	l.tell(others[0], &g)
	dialed := func() (ids []string) {
		for _, d := range l.out.Dials {
			ids = append(ids, d.Node)
		}
		slices.Sort(ids)
		return ids
	}
	var lower, rest []string
	for _, id := range l.m.Observers("n020") {
		if id != others[0] {
			rest = append(rest, id)
			if id > "n020" {
				lower = append(lower, id)
			}
		}
	}
	l.advance(150 * 1e6)
	if diff := cmp.Diff(lower, dialed()); diff != "" {
		t.Errorf("at once: %s", diff)
	}
	l.advance(2500 * 1e6)
	if diff := cmp.Diff(rest, dialed()); diff != "" {
		t.Errorf("after a while: %s", diff)
	}
}
