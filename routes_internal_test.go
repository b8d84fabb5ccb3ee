package mpreg

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

func offered(resources []string, offers ...wire.Offer) *wire.Catalog {
	return &wire.Catalog{Resources: resources, Functions: offers}
}

// candidates lists the ids of the members that a call may go to.
func candidates(r *routes, function string, locs ...string) []string {
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
		if got := candidates(&r, function, locs...); !slices.Equal(got, want) {
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

func TestThisNodeWinsTies(t *testing.T) {
	c, _ := choosing(t, 3)
	for range 100 {
		if f, err := c.choose(query{function: "f"}, false, nil); err != nil || f.local == nil {
			t.Fatalf("got %+v, %v", f, err)
		}
	}
}

func TestTheLesserLoadIsChosen(t *testing.T) {
	c, members := choosing(t, 2)
	for i, m := range members {
		placeOf(t, c, m).latency.observe(time.Duration(i+1) * time.Millisecond)
	}
	c.here(query{function: "f"}).latency.observe(time.Second)
	mostly := func(m *member) {
		t.Helper()
		n := 0
		for range 1000 {
			f, err := c.choose(query{function: "f"}, true, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.place.member == m {
				n++
			}
		}
		if n < 900 || n == 1000 { // one in explore goes to the other
			t.Errorf("%s was chosen %d times of 1000", m.id, n)
		}
	}
	mostly(members[0])
	members[0].inFlight.Store(5)
	mostly(members[1])
	// The slowest is this node.
	if f, err := c.choose(query{function: "f"}, false, nil); err != nil || f.local != nil {
		t.Errorf("got %+v, %v", f, err)
	}
}

func TestWhoIsLeftOut(t *testing.T) {
	c, members := choosing(t, 3)
	seen := make(map[*member]bool)
	for range 200 {
		f, err := c.choose(query{function: "f", from: "0"}, true, members[1:2])
		if err != nil {
			t.Fatal(err)
		}
		seen[f.place.member] = true
	}
	if len(seen) != 1 || !seen[members[2]] {
		t.Errorf("chosen: %v", seen)
	}
	if _, err := c.choose(query{function: "f", hops: maxHops}, true, nil); err == nil {
		t.Error("the call is passed on for ever")
	}
	if f, err := c.choose(query{function: "f", hops: maxHops}, false, nil); err != nil || f.local == nil {
		t.Errorf("the last node has it: got %+v, %v", f, err)
	}
}

func TestTwoAreDifferentAndFair(t *testing.T) {
	const n, draws = 5, 100_000
	var count [n]int
	for range draws {
		a, b := two(n)
		if a == b {
			t.Fatal("the same twice")
		}
		count[a]++
		count[b]++
	}
	for i, c := range count {
		if want := draws * 2 / n; c < want*9/10 || c > want*11/10 {
			t.Errorf("%d was drawn %d times of about %d", i, c, want)
		}
	}
}

func TestLatency(t *testing.T) {
	var l latency
	if l.load(3) != 0 {
		t.Error("who is not known attracts no calls")
	}
	l.observe(8 * time.Microsecond)
	l.observe(16 * time.Microsecond)
	if got := time.Duration(l.load(0)); got != 9*time.Microsecond {
		t.Errorf("got %v", got)
	}
	if got := time.Duration(l.load(2)); got != 27*time.Microsecond {
		t.Errorf("with two in flight: got %v", got)
	}
	l.fail(time.Microsecond, false)
	if got := time.Duration(l.load(0)); got != 9*time.Microsecond {
		t.Errorf("after a function's own failure: got %v", got)
	}
	for _, want := range []time.Duration{failedLatency, 2 * failedLatency, time.Second} {
		took := time.Microsecond
		if want == time.Second {
			took = want
		}
		l.fail(took, true)
		if got := time.Duration(l.load(0)); got != want {
			t.Errorf("after a failure of %v: got %v, want %v", took, got, want)
		}
	}
	for range 10 {
		l.fail(time.Second, true)
	}
	if got := time.Duration(l.load(0)); got != worstLatency {
		t.Errorf("after many failures: got %v", got)
	}
	var fast latency
	fast.fail(time.Microsecond, false)
	if got := time.Duration(fast.load(0)); got != failedLatency {
		t.Errorf("who has only failed, and fast: got %v", got)
	}
}
