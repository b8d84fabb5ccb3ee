package route

import (
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/wire"
)

func TestMatching(t *testing.T) {
	r := newTable()
	nodes := make(map[string]*Node)
	catalogs := map[string]*wire.Catalog{
		"a": offered(nil, wire.Offer{Name: "f"}, wire.Offer{Name: "f", Locs: []string{"x"}}, wire.Offer{Name: "g", Locs: []string{"x", "y"}}),
		"b": offered([]string{"gpu"}, wire.Offer{Name: "f"}, wire.Offer{Name: "g", Locs: []string{"x"}}),
		"c": offered([]string{"gpu", "x"}, wire.Offer{Name: "f", Locs: []string{"z"}}, wire.Offer{Name: "g", Locs: []string{"y"}}),
	}
	for id, catalog := range catalogs {
		nodes[id] = &Node{ID: id}
		r.Replace(nodes[id], id, nil, catalog)
	}
	check := func(want []string, function string, locs ...string) {
		t.Helper()
		if got := candidateIDs(r, function, locs...); !slices.Equal(got, want) {
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

	r.Replace(nodes["b"], "b", catalogs["b"], offered(nil, wire.Offer{Name: "h"}))
	check([]string{"a"}, "f")
	check([]string{"b"}, "h")
	r.Replace(nodes["c"], "c", catalogs["c"], nil)
	check([]string{"a"}, "g")
	check([]string{}, "f", "z")
}
