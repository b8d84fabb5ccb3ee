package mpreg

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// TestOwnChangesCountAtOnce: what this node registers or withdraws is chosen, or is
// not, from then on, whatever was known before.
func TestOwnChangesCountAtOnce(t *testing.T) {
	c, _ := choosing(t, 1)
	s := c.self
	check := func(want bool, locs ...string) {
		t.Helper()
		for range 3 {
			f, err := c.choose(&query{function: "g", locs: locs}, &tries{})
			if want != (err == nil && f.local != nil) {
				t.Fatalf("at %q: got %+v, %v", locs, f, err)
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

// TestFewerLocsWin: this node or others, whoever has fewer locs beyond those that were
// asked for; and the rest where that one was tried.
func TestFewerLocsWin(t *testing.T) {
	c, _ := choosing(t, 0)
	m := &member{id: "m"}
	c.routes.replace(m, nil, offered(nil,
		wire.Offer{Name: "g"}, wire.Offer{Name: "h", Locs: []string{"x", "y"}}))
	for name, locs := range map[string][]string{"g": {"x"}, "h": {"x"}} {
		if err := c.self.Register(name, func() {}, locs...); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		function string
		locs     []string
		tried    *tries
		here     bool
	}{
		{"g", nil, &tries{}, false},
		{"g", []string{"x"}, &tries{}, true},
		{"g", nil, &tries{members: []*member{m}}, false}, // there is nobody
		{"h", nil, &tries{}, true},
		{"h", []string{"x"}, &tries{}, true},
		{"h", []string{"x"}, &tries{local: true}, false},
		{"h", []string{"y", "x"}, &tries{}, false},
	} {
		f, err := c.choose(&query{function: row.function, locs: row.locs}, row.tried)
		if nobody := len(row.tried.members) > 0; nobody != (err != nil) || err == nil && (f.local != nil) != row.here {
			t.Errorf("%s at %q: got %+v, %v", row.function, row.locs, f, err)
		}
	}
}

// TestKnownIsBounded: functions and locs of any number are chosen rightly, and of
// those that do not exist nothing is kept.
func TestKnownIsBounded(t *testing.T) {
	c, _ := choosing(t, 0)
	m := &member{id: "m"}
	catalog := offered(nil)
	for i := range 2 * maxKnown {
		catalog.Functions = append(catalog.Functions, wire.Offer{Name: fmt.Sprint("f", i)})
	}
	for i := range 2 * maxKnownLocs {
		catalog.Functions = append(catalog.Functions, wire.Offer{Name: "f0", Locs: []string{fmt.Sprint("loc", i)}})
	}
	c.routes.replace(m, nil, catalog)
	choose := func(function string, locs ...string) {
		t.Helper()
		if f, err := c.choose(&query{function: function, locs: locs}, &tries{}); err != nil || f.place == nil || f.place.member != m {
			t.Fatalf("%s at %q: got %+v, %v", function, locs, f, err)
		}
	}
	for range 40 { // often enough that what is known begins anew
		for i := range 2 * maxKnown {
			choose(fmt.Sprint("f", i))
		}
	}
	for i := range 2 * maxKnownLocs {
		choose("f0", fmt.Sprint("loc", i))
	}
	for i := range 100 {
		if _, err := c.choose(&query{function: fmt.Sprint("unheard-of", i)}, &tries{}); err == nil {
			t.Fatal("found")
		}
	}
	functions := *c.routes.known.functions.Load()
	if len(functions) > maxKnown {
		t.Errorf("%d functions are known", len(functions))
	}
	for name, f := range functions {
		if a := f.answers.Load(); a != nil && len(a.at) > maxKnownLocs || name[0] == 'u' {
			t.Errorf("%s: %d locs", name, len(a.at))
		}
	}
}

// TestPreferred: who holds most of a command's inputs runs it, if it is one of the
// equals, and fit.
func TestPreferred(t *testing.T) {
	c, members := choosing(t, 20)
	far := &member{id: "far"}
	c.routes.replace(far, nil, offered(nil, wire.Offer{Name: "f", Locs: []string{"x"}}))
	suspect, ejected := members[3], members[4]
	suspect.doubtful.Store(true)
	fails(&placeOf(t, c, ejected).health, c.clock(), ejectAfter)
	holds := func(nodes ...string) []holding {
		var list []holding
		for i, node := range nodes {
			list = append(list, holding{node, int64(1000 - i)})
		}
		return list
	}
	for _, row := range []struct {
		name   string
		prefer []holding
		want   string // the id of the member; empty for this node
		tried  *tries
	}{
		{"the most", holds("7", "8"), "7", &tries{}},
		{"here", holds(c.self.id, "8"), "", &tries{}},
		{"suspect", holds("3", "8"), "8", &tries{}},
		{"ejected", holds("4", "8"), "8", &tries{}},
		{"tried", holds("7", "8"), "8", &tries{members: []*member{members[7]}}},
		{"tried here", holds(c.self.id, "8"), "8", &tries{local: true}},
		{"not equal", holds("far", "8"), "8", &tries{}},
		{"gone", holds("nowhere", "8"), "8", &tries{}},
	} {
		f, err := c.choose(&query{function: "f", prefer: row.prefer}, row.tried)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.place; row.want == "" && f.local == nil || row.want != "" && (got == nil || got.member.id != row.want) {
			t.Errorf("%s: got %+v", row.name, f)
		}
	}
}

// TestChoosingAllocatesNothing: neither where the answer is known, nor where it has to
// be looked for because of several locs.
func TestChoosingAllocatesNothing(t *testing.T) {
	c, members := choosing(t, 10)
	for i, m := range members {
		c.routes.apply(m, m.catalog, &wire.Delta{Added: []wire.Offer{{Name: "f", Locs: []string{"gpu", "x"}}}})
		placeOf(t, c, m).health.average(1, time.Duration(i+1)*time.Millisecond)
	}
	for _, locs := range [][]string{nil, {"gpu"}, {"gpu", "x"}} {
		q := &query{function: "f", locs: locs}
		for _, tried := range []*tries{{}, {local: true}} {
			if allocs := testing.AllocsPerRun(100, func() { _, _ = c.choose(q, tried) }); allocs != 0 {
				t.Errorf("at %q: %v allocations", locs, allocs)
			}
		}
	}
}

// TestKnownWhileRoutesChange: what is chosen is there at the time, and what this node
// has withdrawn is not chosen after that.
func TestKnownWhileRoutesChange(t *testing.T) {
	c, _ := choosing(t, 0)
	stays, goes := &member{id: "stays"}, &member{id: "goes"}
	catalog := offered(nil, wire.Offer{Name: "g"}, wire.Offer{Name: "g", Locs: []string{"x"}})
	c.routes.replace(stays, nil, catalog)
	var changes sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		changes.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				q := &query{function: "g", locs: []string{"x"}[:i%2]}
				f, err := c.choose(q, &tries{})
				if err != nil || f.place == nil && f.local == nil || f.place != nil && !slices.Contains([]*member{stays, goes}, f.place.member) {
					t.Errorf("got %+v, %v", f, err)
					return
				}
			}
		})
	}
	for range 500 {
		c.routes.replace(goes, nil, catalog)
		if err := c.self.Register("g", func() {}); err != nil {
			t.Error(err)
		}
		c.routes.replace(goes, catalog, nil)
		c.self.Unregister("g")
		if f, err := c.choose(&query{function: "g"}, &tries{}); err != nil || f.place == nil || f.place.member != stays {
			t.Errorf("when only one is left: got %+v, %v", f, err)
		}
	}
	close(done)
	changes.Wait()
}
