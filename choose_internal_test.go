package mpreg

import (
	"fmt"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

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
		members[i] = offering(&s.cluster, fmt.Sprint(i), &wire.Catalog{Functions: []wire.Offer{{Name: "f"}}})
	}
	return &s.cluster, members
}

// offering adds a member that offers what a catalog says.
func offering(c *cluster, id string, catalog *wire.Catalog) *member {
	m := c.member(id)
	m.catalog = catalog
	c.routes.Replace(&m.Node, m.run, nil, catalog)
	return m
}

// asking is a query for a function at some locs.
func asking(function string, locs ...string) *query {
	return &query{Query: route.Query{Function: function, Locs: locs}}
}

// TestOwnChangesCountAtOnce: what this node registers or withdraws is chosen, or is
// not, from then on, whatever was known before.
func TestOwnChangesCountAtOnce(t *testing.T) {
	c, _ := choosing(t, 1)
	s := c.self
	check := func(want bool, locs ...string) {
		t.Helper()
		for range 3 {
			f, err := c.choose(asking("g", locs...), nil)
			if want != (err == nil && f.Place.Node == &s.node) {
				t.Fatalf("at %q: got %+v, %v", locs, f.Place, err)
			}
		}
	}
	for range 3 {
		check(false)
		check(false, "x")
		if err := s.Register("g", func() {}, "x"); err != nil {
			t.Fatal(err)
		}
		check(true)
		check(true, "x")
		check(false, "gpu")
		if err := s.SetResources("gpu"); err != nil {
			t.Fatal(err)
		}
		check(true, "gpu")
		if err := s.SetResources(); err != nil {
			t.Fatal(err)
		}
		check(false, "gpu")
		s.Unregister("g")
	}
}

// TestChoiceSaysWhatMayRunTwice: of this node and of others, and of a node that was
// named, whatever it offers.
func TestChoiceSaysWhatMayRunTwice(t *testing.T) {
	c, _ := choosing(t, 0)
	if err := c.self.Register("once", func() {}); err != nil {
		t.Fatal(err)
	}
	if err := c.self.Register("twice", Func(func() {}, Idempotent())); err != nil {
		t.Fatal(err)
	}
	m := offering(c, "m", &wire.Catalog{Functions: []wire.Offer{{Name: "there"}, {Name: "there twice", Idempotent: true}}})
	m.known = true
	named := asking("echo")
	named.node, named.Here = "m", true
	for _, row := range []struct {
		query  *query
		member *member // nil: this node
		twice  bool
	}{
		{asking("once"), nil, false},
		{asking("twice"), nil, true},
		{asking("echo"), nil, true},
		{asking("there"), m, false},
		{asking("there twice"), m, true},
		{named, m, true},
	} {
		f, err := c.choose(row.query, nil)
		if err != nil {
			t.Errorf("%s: %v", row.query.Function, err)
			continue
		}
		want := &c.self.node
		if row.member != nil {
			want = &row.member.Node
		}
		if f.Place.Node != want || f.Place.Run == nil {
			t.Errorf("%s: got %+v", row.query.Function, f.Place)
		}
		if got := c.idempotent(row.query, f); got != row.twice {
			t.Errorf("%s may run twice: %v", row.query.Function, got)
		}
	}
}

// TestChoosingAllocatesNothing: neither where the answer is known, nor where it has to
// be looked for because of several locs.
func TestChoosingAllocatesNothing(t *testing.T) {
	c, members := choosing(t, 10)
	for _, m := range members {
		c.routes.Apply(&m.Node, m.run, m.catalog, &wire.Delta{Added: []wire.Offer{{Name: "f", Locs: []string{"gpu", "x"}}}})
	}
	for _, locs := range [][]string{nil, {"gpu"}, {"gpu", "x"}} {
		q := asking("f", locs...)
		for _, tried := range [][]*route.Node{nil, {&c.self.node}} {
			if allocs := testing.AllocsPerRun(100, func() {
				f, _ := c.choose(q, tried)
				f.Place.Health.Add(1, time.Millisecond, route.Fine, false)
			}); allocs != 0 {
				t.Errorf("at %q: %v allocations", locs, allocs)
			}
		}
	}
}
