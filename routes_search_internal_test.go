package mpreg

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestMatchesMayBeReadLater: what was found does not change when the routes do.
func TestMatchesMayBeReadLater(t *testing.T) {
	var r routes
	catalog := offered(nil, wire.Offer{Name: "f"})
	members := make([]*member, 10)
	for i := range members {
		members[i] = &member{id: fmt.Sprint(i)}
		r.replace(members[i], nil, catalog)
	}
	found := r.matching(nil, "f", nil, 1)
	r.replace(members[3], catalog, nil)
	r.replace(&member{id: "new"}, nil, catalog)
	r.replace(members[3], nil, offered([]string{"gpu"}, catalog.Functions...))
	for i, p := range found[0].places {
		if p.member != members[i] {
			t.Errorf("%d is %s", i, p.member.id)
		}
	}
}

// TestOnlyTheResourcesDiffer: where all nodes have a loc that was asked for, and
// nothing else in common, all are found, and each of them if only some are wanted.
func TestOnlyTheResourcesDiffer(t *testing.T) {
	const n, limit = 40, 8
	var r routes
	for i := range n {
		r.replace(&member{id: fmt.Sprint(i)}, nil, offered([]string{"gpu", fmt.Sprint("host-", i)}, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"x"}}))
	}
	for _, locs := range [][]string{nil, {"gpu"}, {"x"}, {"x", "gpu"}} {
		if got := r.matching(nil, "f", locs, math.MaxInt); len(got) != n {
			t.Errorf("at %q: got %d groups", locs, len(got))
		}
		seen := make(map[*member]bool)
		for range 1000 {
			var few [limit]group
			got := r.matching(few[:0], "f", locs, limit)
			if len(got) != limit {
				t.Fatalf("at %q: got %d of %d", locs, len(got), limit)
			}
			for _, g := range got {
				seen[g.places[0].member] = true
			}
		}
		if len(seen) != n {
			t.Errorf("at %q: %d of %d are ever found", locs, len(seen), n)
		}
	}
	if got := candidateIDs(&r, "f", "gpu", "host-7"); !slices.Equal(got, []string{"7"}) {
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

// TestChoosingWhileRoutesChange: each choice is of a state that there was, and the
// race detector finds nothing.
func TestChoosingWhileRoutesChange(t *testing.T) {
	var r routes
	stays, goes := &member{id: "stays"}, &member{id: "goes"}
	catalog := offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"x"}})
	r.replace(stays, nil, catalog)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2000 {
			r.replace(goes, nil, catalog)
			r.apply(goes, catalog, &wire.Delta{Resources: []string{"gpu"}, SetsResources: true})
			r.replace(goes, offered([]string{"gpu"}, catalog.Functions...), nil)
		}
	}()
	for range 2000 {
		for _, locs := range [][]string{nil, {"x"}} {
			var few [8]group
			got := r.matching(few[:0], "f", locs, len(few))
			ids := []string{}
			for _, g := range got {
				for _, p := range g.places {
					p.health.average(1, 1)
					ids = append(ids, p.member.id)
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
