package route

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestMatchesMayBeReadLater: what was found does not change when the table does.
func TestMatchesMayBeReadLater(t *testing.T) {
	r := newTable()
	catalog := offered(nil, wire.Offer{Name: "f"})
	nodes := make([]*Node, 10)
	for i := range nodes {
		nodes[i] = &Node{ID: fmt.Sprint(i)}
		r.Replace(nodes[i], nodes[i].ID, nil, catalog)
	}
	found := r.match(nil, "f", nil, 1)
	r.Replace(nodes[3], nodes[3].ID, catalog, nil)
	r.Replace(&Node{ID: "new"}, "", nil, catalog)
	r.Replace(nodes[3], nodes[3].ID, nil, offered([]string{"gpu"}, catalog.Functions...))
	for i, p := range found[0].places {
		if p.Node != nodes[i] {
			t.Errorf("%d is %s", i, p.Node.ID)
		}
	}
}

// TestOnlyTheResourcesDiffer: where all nodes have a loc that was asked for, and
// nothing else in common, all are found, and each of them if only some are wanted.
func TestOnlyTheResourcesDiffer(t *testing.T) {
	const n, limit = 40, 8
	r := newTable()
	for i := range n {
		r.Replace(&Node{ID: fmt.Sprint(i)}, fmt.Sprint(i), nil, offered([]string{"gpu", fmt.Sprint("host-", i)}, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"x"}}))
	}
	for _, locs := range [][]string{nil, {"gpu"}, {"x"}, {"x", "gpu"}} {
		if got := r.match(nil, "f", locs, math.MaxInt); len(got) != n {
			t.Errorf("at %q: got %d groups", locs, len(got))
		}
		seen := make(map[*Node]bool)
		for range 1000 {
			var few [limit]group[string]
			got := r.match(few[:0], "f", locs, limit)
			if len(got) != limit {
				t.Fatalf("at %q: got %d of %d", locs, len(got), limit)
			}
			for _, g := range got {
				seen[g.places[0].Node] = true
			}
		}
		if len(seen) != n {
			t.Errorf("at %q: %d of %d are ever found", locs, len(seen), n)
		}
	}
	if got := candidateIDs(r, "f", "gpu", "host-7"); !slices.Equal(got, []string{"7"}) {
		t.Errorf("at one host: got %q", got)
	}
}

func TestWalkComesToAll(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 9, 100, 1000, 16_000, 65_536} {
		for _, limit := range []int{1, 8, n} {
			seen := make([]bool, n)
			w := walkOf(n, limit)
			for range n {
				at := w.next()
				if seen[at] {
					t.Fatalf("of %d, limited to %d: %d twice", n, limit, at)
				}
				seen[at] = true
			}
		}
	}
}

// TestMatchingWhileTheTableChanges: each match is of a state that there was, and the
// race detector finds nothing.
func TestMatchingWhileTheTableChanges(t *testing.T) {
	r := newTable()
	stays, goes := &Node{ID: "stays"}, &Node{ID: "goes"}
	catalog := offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"x"}})
	r.Replace(stays, stays.ID, nil, catalog)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2000 {
			r.Replace(goes, goes.ID, nil, catalog)
			r.Apply(goes, goes.ID, catalog, &wire.Delta{Resources: []string{"gpu"}, SetsResources: true})
			r.Replace(goes, goes.ID, offered([]string{"gpu"}, catalog.Functions...), nil)
		}
	}()
	for range 2000 {
		for _, locs := range [][]string{nil, {"x"}} {
			var few [8]group[string]
			got := r.match(few[:0], "f", locs, len(few))
			ids := []string{}
			for _, g := range got {
				for _, p := range g.places {
					p.Health.average(1, 1)
					ids = append(ids, p.Node.ID)
				}
			}
			slices.Sort(ids)
			if !slices.Equal(ids, []string{"stays"}) && !slices.Equal(ids, []string{"goes", "stays"}) {
				t.Errorf("at %q: got %q", locs, ids)
			}
		}
	}
	<-done
}
