package mpreg

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

func offered(resources []string, offers ...wire.Offer) *wire.Catalog {
	return &wire.Catalog{Resources: resources, Functions: offers}
}

// candidateIDs lists the ids of the members that a call may go to.
func candidateIDs(r *routes, function string, locs ...string) []string {
	ids := []string{}
	for _, g := range r.matching(nil, function, locs, math.MaxInt) {
		for _, p := range g.places {
			ids = append(ids, p.member.id)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestMatching(t *testing.T) {
	var r routes
	members := make(map[string]*member)
	for id, catalog := range map[string]*wire.Catalog{
		"a": offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"x"}}, wire.Offer{Name: "g", Locs: []string{"x", "y"}}),
		"b": offered([]string{"gpu"}, wire.Offer{Name: "f"}, wire.Offer{Name: "g", Locs: []string{"x"}}),
		"c": offered([]string{"gpu", "x"}, wire.Offer{Name: "f", Locs: []string{"z"}}, wire.Offer{Name: "g", Locs: []string{"y"}}),
	} {
		members[id] = &member{id: id, catalog: catalog}
		r.replace(members[id], nil, catalog)
	}
	check := func(want []string, function string, locs ...string) {
		t.Helper()
		if got := candidateIDs(&r, function, locs...); !slices.Equal(got, want) {
			t.Errorf("%s at %q: got %q, want %q", function, locs, got, want)
		}
	}
	check([]string{"a", "b"}, "f")           // the fewest locs of their own
	check([]string{"b"}, "f", "gpu")         // a resource counts as a loc of every function
	check([]string{"a"}, "f", "x")           // not c, whose offer has one more of its own
	check([]string{"c"}, "f", "x", "z")      // own and resource together
	check([]string{"b", "c"}, "g", "gpu")    // the smallest superset, at either
	check([]string{"c"}, "g", "gpu", "y")    //
	check([]string{"a", "c"}, "g", "x", "y") // neither has more than that
	check([]string{}, "f", "x", "nowhere")   //
	check([]string{}, "unheard-of")          //
	check([]string{"b", "c"}, "g")           //
	check([]string{"c"}, "f", "z", "z", "z") // however often it is asked for

	r.replace(members["b"], members["b"].catalog, offered(nil, wire.Offer{Name: "h"}))
	check([]string{"a"}, "f")
	check([]string{"b"}, "h")
	r.replace(members["c"], members["c"].catalog, nil)
	check([]string{"a"}, "g")
	check([]string{}, "f", "z")
}

// choosing is a cluster in which this node is one of several that offer f.
func choosing(t testing.TB, others int) (*cluster, []*member) {
	t.Helper()
	s, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register("f", func() {}); err != nil {
		t.Fatal(err)
	}
	members := make([]*member, others)
	for i := range members {
		members[i] = &member{id: fmt.Sprint(i), catalog: offered(nil, wire.Offer{Name: "f"})}
		s.cluster.routes.replace(members[i], nil, members[i].catalog)
		s.cluster.members[members[i].id] = members[i]
	}
	return &s.cluster, members
}

// placeOf returns a member's place for f without locs.
func placeOf(t testing.TB, c *cluster, m *member) *place {
	t.Helper()
	for _, g := range c.routes.matching(nil, "f", nil, math.MaxInt) {
		if i := g.index(m); i >= 0 {
			return g.places[i]
		}
	}
	t.Fatalf("%s does not offer f", m.id)
	return nil
}
