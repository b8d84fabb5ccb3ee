package route

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

func TestThisNodeWinsTies(t *testing.T) {
	h, _ := newHere(t, 3)
	for range 100 {
		if c, miss := h.Choose(&Query{Function: "f"}, nil); miss != Found || c.Place.Node != &h.node {
			t.Fatalf("got %+v, %v", c.Place, miss)
		}
	}
}

func TestTheLesserLoadIsChosen(t *testing.T) {
	h, nodes := newHere(t, 2)
	for i, n := range nodes {
		h.place(t, n).Health.average(1, time.Duration(i+1)*time.Millisecond)
	}
	h.find("f", nil).Place.Health.average(1, time.Second)
	chosen := func(n *Node, tried ...*Node) (times int) {
		t.Helper()
		for range 1000 {
			c, miss := h.Choose(&Query{Function: "f"}, tried)
			if miss != Found {
				t.Fatal(miss)
			}
			if c.Place.Node == n {
				times++
			}
		}
		return times
	}
	if n := chosen(nodes[0], &h.node); n < 900 || n == 1000 { // one in explore goes to the other
		t.Errorf("the quicker one was chosen %d times of 1000", n)
	}
	nodes[0].InFlight.Store(5)
	if n := chosen(nodes[1], &h.node); n < 900 || n == 1000 {
		t.Errorf("the one with less to do was chosen %d times of 1000", n)
	}
	// The slowest is this node, and it is not forgotten either.
	if n := chosen(&h.node); n == 0 || n > 100 {
		t.Errorf("this node, which is slow, was chosen %d times of 1000", n)
	}
}

func TestWhoIsLeftOut(t *testing.T) {
	h, nodes := newHere(t, 3)
	seen := make(map[*Node]bool)
	for range 200 {
		c, miss := h.Choose(&Query{Function: "f", From: "0"}, []*Node{&h.node, nodes[1]})
		if miss != Found {
			t.Fatal(miss)
		}
		seen[c.Place.Node] = true
	}
	if len(seen) != 1 || !seen[nodes[2]] {
		t.Errorf("chosen: %v", seen)
	}
}

// TestMisses: what there is instead of a choice.
func TestMisses(t *testing.T) {
	h, nodes := newHere(t, 1)
	h.register("here")
	h.register(everywhere)
	h.join("there", offered(nil, wire.Offer{Name: "there"}))
	self := []*Node{&h.node}
	for _, row := range []struct {
		name  string
		query Query
		tried []*Node
		want  Miss
		node  string // that is chosen
	}{
		{"here", Query{Function: "here"}, nil, Found, "here"},
		{"there", Query{Function: "there"}, nil, Found, "there"},
		{"nowhere", Query{Function: "nowhere"}, nil, NotOffered, ""},
		{"a loc is missing", Query{Function: "f", Locs: []string{"x"}}, nil, NotOffered, ""},
		{"only here is wanted", Query{Function: "f", Here: true}, nil, Found, "here"},
		{"only here is wanted, and has failed", Query{Function: "f", Here: true}, self, NotOffered, ""},
		{"only here is wanted, and it is there", Query{Function: "there", Here: true}, nil, NotOffered, ""},
		{"passed on to this node", Query{Function: "f", Hops: 1, From: "0"}, nil, Found, "here"},
		{"as often as it may be", Query{Function: "f", Hops: MaxHops}, nil, Found, "here"},
		{"and it is there", Query{Function: "there", Hops: MaxHops}, nil, TooFar, ""},
		{"and once less", Query{Function: "there", Hops: MaxHops - 1}, nil, Found, "there"},
		{"whoever has it passed it on", Query{Function: "there", Hops: 1, From: "there"}, nil, Withdrawn, ""},
		{"whoever has it was tried", Query{Function: "f"}, []*Node{&h.node, nodes[0]}, Withdrawn, ""},
		{"this node has it too", Query{Function: "f"}, nodes, Found, "here"},
		{"nobody else has it", Query{Function: "here"}, self, NotOffered, ""},
		{"every node has it", Query{Function: everywhere}, nil, Found, "here"},
		{"but this one lacks a loc", Query{Function: everywhere, Locs: []string{"x"}}, nil, Everywhere, ""},
		{"but this one was tried", Query{Function: everywhere}, self, Everywhere, ""},
	} {
		for range 3 { // the second time it is known
			c, miss := h.Choose(&row.query, row.tried)
			got := ""
			if c.Place != nil {
				got = c.Place.Node.ID
			}
			if miss != row.want || got != row.node {
				t.Errorf("%s: got %q, %v, want %q, %v", row.name, got, miss, row.node, row.want)
			}
		}
	}
}

// TestEjectedAreProbed: who is ejected gets no calls as long as there is anybody else,
// and one at a time when a probe is due.
func TestEjectedAreProbed(t *testing.T) {
	h, nodes := newHere(t, 3)
	bad := h.place(t, nodes[1])
	fails(&bad.Health, h.now, ejectAfter)
	until := bad.Health.until.Load()
	probes := func() (n int) {
		t.Helper()
		for range 1000 {
			c, miss := h.Choose(&Query{Function: "f"}, []*Node{&h.node})
			switch {
			case miss != Found:
				t.Fatal(miss)
			case c.Probe && c.Place != bad:
				t.Fatalf("%s is probed", c.Place.Node.ID)
			case c.Probe:
				n++
			case c.Place == bad:
				t.Fatal("it is not probed, and gets calls")
			}
		}
		return n
	}
	if n := probes(); n != 0 {
		t.Errorf("%d probes at once", n)
	}
	h.now = until
	if n := probes(); n != 1 {
		t.Errorf("%d probes when one is due", n)
	}
	Choice[string]{Place: bad, Probe: true}.Skip(h.now)
	if n := probes(); n != 1 {
		t.Errorf("%d probes after one was given back", n)
	}
	for _, n := range []*Node{nodes[0], nodes[2]} {
		n.Suspect.Store(true)
	}
	c, miss := h.Choose(&Query{Function: "f"}, []*Node{&h.node})
	if miss != Found || c.Probe {
		t.Errorf("with nobody who is sound: got %+v, %v", c, miss)
	}
}

// TestFewerLocsWin: this node or others, whoever has fewer locs beyond those that were
// asked for; and the rest where that one was tried.
func TestFewerLocsWin(t *testing.T) {
	h, _ := newHere(t, 0)
	n := h.join("n", offered(nil,
		wire.Offer{Name: "g"}, wire.Offer{Name: "h", Locs: []string{"x", "y"}}))
	h.register("g", "x")
	h.register("h", "x")
	for _, row := range []struct {
		function string
		locs     []string
		tried    []*Node
		want     *Node
	}{
		{"g", nil, nil, n},
		{"g", []string{"x"}, nil, &h.node},
		{"g", nil, []*Node{n}, nil}, // there is nobody
		{"h", nil, nil, &h.node},
		{"h", []string{"x"}, nil, &h.node},
		{"h", []string{"x"}, []*Node{&h.node}, n},
		{"h", []string{"y", "x"}, nil, n},
	} {
		c, miss := h.Choose(&Query{Function: row.function, Locs: row.locs}, row.tried)
		if (miss == Found) != (row.want != nil) || row.want != nil && c.Place.Node != row.want {
			t.Errorf("%s at %q: got %+v, %v", row.function, row.locs, c.Place, miss)
		}
	}
}

// TestPreferred: who holds most of a call's inputs runs it, if it is one of the
// equals, and sound.
func TestPreferred(t *testing.T) {
	h, nodes := newHere(t, 20)
	h.join("far", offered(nil, wire.Offer{Name: "f", Locs: []string{"x"}}))
	nodes[3].Suspect.Store(true)
	fails(&h.place(t, nodes[4]).Health, h.now, ejectAfter)
	holds := func(ids ...string) []Holding {
		var list []Holding
		for i, id := range ids {
			list = append(list, Holding{id, int64(1000 - i)})
		}
		return list
	}
	for _, row := range []struct {
		name   string
		prefer []Holding
		want   string // the id of the node
		tried  []*Node
	}{
		{"the most", holds("7", "8"), "7", nil},
		{"here", holds("here", "8"), "here", nil},
		{"suspect", holds("3", "8"), "8", nil},
		{"ejected", holds("4", "8"), "8", nil},
		{"tried", holds("7", "8"), "8", nodes[7:8]},
		{"tried here", holds("here", "8"), "8", []*Node{&h.node}},
		{"not equal", holds("far", "8"), "8", nil},
		{"gone", holds("nowhere", "8"), "8", nil},
	} {
		c, miss := h.Choose(&Query{Function: "f", Prefer: row.prefer}, row.tried)
		if miss != Found || c.Place.Node.ID != row.want || c.Place.Run != row.want {
			t.Errorf("%s: got %+v, %v", row.name, c.Place, miss)
		}
	}
}

// TestChoosingAllocatesNothing: neither where the answer is known, nor where it has to
// be looked for because of several locs.
func TestChoosingAllocatesNothing(t *testing.T) {
	h, nodes := newHere(t, 10)
	for i, n := range nodes {
		h.Apply(n, n.ID, offered(nil, wire.Offer{Name: "f"}), &wire.Delta{Added: []wire.Offer{{Name: "f", Locs: []string{"gpu", "x"}}}})
		h.place(t, n).Health.average(1, time.Duration(i+1)*time.Millisecond)
	}
	for _, locs := range [][]string{nil, {"gpu"}, {"gpu", "x"}} {
		q := &Query{Function: "f", Locs: locs}
		for _, tried := range [][]*Node{nil, {&h.node}} {
			if allocs := testing.AllocsPerRun(100, func() { h.Choose(q, tried) }); allocs != 0 {
				t.Errorf("at %q: %v allocations", locs, allocs)
			}
		}
	}
}

// TestChoosingWhileTheTableChanges: who is chosen is there at the time, and what this
// node has withdrawn is not chosen after that.
func TestChoosingWhileTheTableChanges(t *testing.T) {
	h, _ := newHere(t, 0)
	catalog := offered(nil, wire.Offer{Name: "g"}, wire.Offer{Name: "g", Locs: []string{"x"}})
	stays := h.join("stays", catalog)
	goes := &Node{ID: "goes"}
	done := make(chan struct{})
	ended := make(chan error, 2)
	for range cap(ended) {
		go func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					ended <- nil
					return
				default:
				}
				c, miss := h.Choose(&Query{Function: "g", Locs: []string{"x"}[:i%2]}, nil)
				if miss != Found || !slices.Contains([]*Node{stays, goes, &h.node}, c.Place.Node) {
					ended <- fmt.Errorf("got %+v, %v", c.Place, miss)
					return
				}
			}
		}()
	}
	for range 500 {
		h.Replace(goes, goes.ID, nil, catalog)
		h.register("g")
		h.Replace(goes, goes.ID, catalog, nil)
		h.unregister("g")
		if c, miss := h.Choose(&Query{Function: "g"}, nil); miss != Found || c.Place.Node != stays {
			t.Errorf("when only one is left: got %+v, %v", c.Place, miss)
		}
	}
	close(done)
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestTwoAreDifferentAndFair(t *testing.T) {
	const n, draws = 5, 100_000
	var count [n]int
	for range draws {
		a, b := two(rand.Uint64(), n)
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
