package route

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/wire"
)

// drawn are catalogs, changes of them, and what is looked for in them: few words,
// so that many are the same, and those of resources and of locs overlap.
type drawn struct{ *rapid.T }

func (d drawn) words(label string) []string {
	list := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), 0, 4, rapid.ID[string]).Draw(d.T, label)
	slices.Sort(list)
	return list
}

func (d drawn) resources() []string {
	if rapid.Bool().Draw(d.T, "no resources") {
		return nil
	}
	return d.words("resources")
}

func (d drawn) function() string {
	return rapid.SampledFrom([]string{"f", "f", "f", "g"}).Draw(d.T, "function")
}

func (d drawn) offers(most int) []wire.Offer {
	var list []wire.Offer
	for range rapid.IntRange(0, most).Draw(d.T, "offers") {
		o := wire.Offer{Name: d.function(), Locs: d.words("locs"), Idempotent: rapid.Bool().Draw(d.T, "idempotent")}
		if !slices.ContainsFunc(list, func(p wire.Offer) bool { return sameOffer(o, p) }) {
			list = append(list, o)
		}
	}
	return list
}

func (d drawn) delta(c *wire.Catalog) *wire.Delta {
	delta := &wire.Delta{Added: d.offers(3)}
	if rapid.IntRange(0, 3).Draw(d.T, "sets resources") == 0 {
		delta.SetsResources, delta.Resources = true, d.resources()
	}
	for _, o := range c.Functions {
		if rapid.IntRange(0, 3).Draw(d.T, "removed") == 0 {
			delta.Removed = append(delta.Removed, wire.OfferKey{Name: o.Name, Locs: o.Locs})
		}
	}
	if rapid.Bool().Draw(d.T, "removes what is not there") {
		delta.Removed = append(delta.Removed, wire.OfferKey{Name: d.function(), Locs: []string{"nowhere"}})
	}
	return delta
}

func sameOffer(a, b wire.Offer) bool { return a.Name == b.Name && slices.Equal(a.Locs, b.Locs) }

// TestTableIsTheCatalogs: whatever the order of changes, the table is that of the
// catalogs that the nodes have now, and a call may go to those nodes
// that an exhaustive look at these catalogs finds.
func TestTableIsTheCatalogs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawn{t}
		r := newTable()
		nodes := make([]*Node, 4)
		now := make([]*wire.Catalog, len(nodes))
		for i := range nodes {
			nodes[i] = &Node{ID: fmt.Sprint(i)}
		}
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			i := rapid.IntRange(0, len(nodes)-1).Draw(t, "node")
			before := now[i]
			places := placesOf(r, nodes[i])
			switch rapid.SampledFrom([]string{"replace", "replace", "apply", "apply", "gone"}).Draw(t, "change") {
			case "replace":
				now[i] = &wire.Catalog{Resources: d.resources(), Functions: d.offers(12)}
				r.Replace(nodes[i], nodes[i].ID, before, now[i])
			case "apply":
				if before == nil {
					before = &wire.Catalog{}
				}
				delta := d.delta(before)
				now[i] = before.Apply(delta)
				r.Apply(nodes[i], nodes[i].ID, before, delta)
				for _, k := range delta.Removed {
					delete(places, placeKey(k.Name, k.Locs)) // may be there again, and is another then
				}
			case "gone":
				now[i] = nil
				r.Replace(nodes[i], nodes[i].ID, before, nil)
			}
			for key, p := range placesOf(r, nodes[i]) {
				if old := places[key]; old != nil && old.Health.ns.Load() != p.Health.ns.Load() {
					t.Fatalf("the latency of %q is lost", key)
				} else if old != nil && old.Idempotent == p.Idempotent && old != p {
					t.Fatalf("the place of %q is another one", key)
				}
				p.Health.average(1, time.Duration(rapid.IntRange(1, 1000).Draw(t, "latency")))
			}
			checkTable(t, r, nodes, now)
			checkMatching(d, r, nodes, now) // and have it known before the next change
		}
		for range 5 {
			checkMatching(d, r, nodes, now)
		}
		for i, m := range nodes {
			r.Replace(m, m.ID, now[i], nil)
		}
		if len(r.functions)+len(r.resources)+len(r.common) > 0 {
			t.Errorf("without nodes: %v %v %v", r.functions, r.resources, r.common)
		}
	})
}

// lacking returns those of locs that has does not have.
func lacking(locs, has []string) []string {
	return slices.DeleteFunc(slices.Clone(locs), func(loc string) bool { return slices.Contains(has, loc) })
}

func placeKey(function string, locs []string) string { return function + " " + strings.Join(locs, " ") }

func placesOf(r *table, m *Node) map[string]*Place[string] {
	places := make(map[string]*Place[string])
	for name := range r.functions {
		r.each(name, func(g *group[string]) {
			if i := g.index(m); i >= 0 {
				places[placeKey(name, g.set.own)] = g.places[i]
			}
		})
	}
	return places
}

// described is what is in a table, in an order of its own.
func described(r *table) []string {
	var list []string
	for name, f := range r.functions {
		r.each(name, func(g *group[string]) {
			for _, p := range g.places {
				list = append(list, fmt.Sprint(name, g.set.own, g.on.locs, p.Node.ID, p.Idempotent))
			}
		})
		list = append(list, fmt.Sprint(name, " has ", len(f.sets), f.all.count))
		for loc, l := range f.with {
			list = append(list, fmt.Sprint(name, " has ", l.count, " with ", loc))
		}
	}
	for _, on := range r.resources {
		list = append(list, fmt.Sprint(on.locs, on.groups))
	}
	for loc, sets := range r.common {
		list = append(list, fmt.Sprint(len(sets), " resources with ", loc))
	}
	slices.Sort(list)
	return list
}

// checkTable compares a table with one that is made of the catalogs at once.
func checkTable(t *rapid.T, r *table, nodes []*Node, now []*wire.Catalog) {
	anew := newTable()
	offers := 0
	for i, c := range now {
		anew.Replace(nodes[i], nodes[i].ID, nil, c)
		if c != nil {
			offers += len(c.Functions)
		}
	}
	places := 0
	for name, f := range r.functions {
		r.each(name, func(g *group[string]) { places += len(g.places) })
		for _, s := range f.sets {
			standsAt(t, &f.all, s, s.at[0])
			for i, loc := range s.own {
				standsAt(t, f.with[loc], s, s.at[i+1])
			}
		}
	}
	if diff := cmp.Diff(described(anew), described(r)); diff != "" {
		t.Fatal(diff)
	}
	if places != offers {
		t.Fatalf("%d places for %d offers", places, offers)
	}
}

func standsAt(t *rapid.T, l *setList[string], s *set[string], at int) {
	if i, ok := l.size(len(s.own)); !ok || l.sizes[i].sets[at] != s {
		t.Fatalf("%q is not where it says", s.own)
	}
}

func checkMatching(d drawn, r *table, nodes []*Node, now []*wire.Catalog) {
	locs := d.words("wanted")
	if len(locs) > 0 && rapid.Bool().Draw(d.T, "twice") {
		locs = append(locs, locs[0])
	}
	want, fewest := []string{}, math.MaxInt
	for i, c := range now {
		if c == nil {
			continue
		}
		for _, o := range c.Functions {
			if o.Name != "f" || len(lacking(locs, append(slices.Clone(o.Locs), c.Resources...))) > 0 {
				continue
			}
			more := len(lacking(o.Locs, locs))
			if more < fewest {
				want, fewest = nil, more
			}
			if more == fewest {
				want = append(want, nodes[i].ID)
			}
		}
	}
	if got := candidateIDs(r, "f", locs...); !slices.Equal(got, want) {
		d.Fatalf("at %q: got %q, want %q", locs, got, want)
	}
	all := r.match(nil, "f", locs, math.MaxInt)
	limit := rapid.IntRange(1, 4).Draw(d.T, "limit")
	some := r.match(nil, "f", locs, limit)
	if len(some) != min(limit, len(all)) {
		d.Fatalf("at %q: got %d of %d groups, limited to %d", locs, len(some), len(all), limit)
	}
	for i, g := range some {
		same := func(o group[string]) bool { return o.set == g.set && o.on == g.on }
		if !slices.ContainsFunc(all, same) || slices.ContainsFunc(some[:i], same) {
			d.Fatalf("at %q: got %q twice, or wrongly", locs, g.set.own)
		}
	}
	checkKnown(d, r, locs, want)
	checkClosest(d, r, now, locs)
}

// checkKnown: what was learned is what there is, and what has changed was dropped.
func checkKnown(d drawn, r *table, locs, want []string) {
	q := &Query{Function: "f", Locs: locs}
	for range 2 { // the second time it is known
		a := r.known.find(q)
		if a == nil && len(locs) <= 1 {
			a = r.learn(q)
		}
		got := []string{}
		if a != nil {
			for i := range a.candidates.n {
				got = append(got, a.candidates.at(i).Run)
			}
		} else if len(locs) > 1 {
			return
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			d.Fatalf("known at %q: got %q, want %q", locs, got, want)
		}
	}
}

func checkClosest(d drawn, r *table, now []*wire.Catalog, locs []string) {
	least := math.MaxInt
	for _, c := range now {
		if c == nil {
			continue
		}
		for _, o := range c.Functions {
			if o.Name == "f" {
				least = min(least, len(lacking(slices.Compact(slices.Sorted(slices.Values(locs))), append(slices.Clone(o.Locs), c.Resources...))))
			}
		}
	}
	got := r.Closest("f", locs)
	if (got == nil) != (least == math.MaxInt) {
		d.Fatalf("closest to %q: %q", locs, got)
	}
	if n := len(lacking(slices.Compact(slices.Sorted(slices.Values(locs))), got)); got != nil && n != least {
		d.Fatalf("closest to %q: %q lacks %d, another %d", locs, got, n, least)
	}
}

// TestStrangeCatalogs: what no node of ours says does no harm either, and is gone
// with the node.
func TestStrangeCatalogs(t *testing.T) {
	r := newTable()
	m, other := &Node{ID: "a"}, &Node{ID: "b"}
	twice := offered([]string{"y", "x", "y"}, wire.Offer{Name: "f", Locs: []string{"q", "p", "q"}}, wire.Offer{Name: "f", Locs: []string{"p", "q"}})
	r.Replace(other, other.ID, nil, twice)
	r.Replace(m, m.ID, nil, twice)
	if got := candidateIDs(r, "f", "x", "p"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
	r.Replace(m, m.ID, twice, twice)
	if got := candidateIDs(r, "f", "q"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("after the same again: got %q", got)
	}
	r.Replace(m, m.ID, twice, nil)
	r.Replace(m, m.ID, twice, nil)
	if got := candidateIDs(r, "f"); !slices.Equal(got, []string{"b"}) {
		t.Errorf("after it has gone twice: got %q", got)
	}
	zero := offered(nil, wire.Offer{Name: "f", Locs: []string{"a\x00b"}}, wire.Offer{Name: "f", Locs: []string{"a", "b"}})
	r.Replace(m, m.ID, nil, zero)
	if got := candidateIDs(r, "f", "a\x00b"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("a loc with a zero byte: got %q", got)
	}
	if got := r.match(nil, "f", []string{"a\x00b"}, math.MaxInt); len(got) != 1 {
		t.Errorf("a loc with a zero byte: got %d groups", len(got))
	}
}
