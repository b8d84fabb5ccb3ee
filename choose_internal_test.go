package mpreg

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestThisNodeWinsTies(t *testing.T) {
	c, _ := choosing(t, 3)
	for range 100 {
		if f, err := c.choose(&query{function: "f"}, &tries{}); err != nil || f.local == nil {
			t.Fatalf("got %+v, %v", f, err)
		}
	}
}

func TestTheLesserLoadIsChosen(t *testing.T) {
	c, members := choosing(t, 2)
	for i, m := range members {
		placeOf(t, c, m).health.average(1, time.Duration(i+1)*time.Millisecond)
	}
	c.here(query{function: "f"}).health.average(1, time.Second)
	mostly := func(m *member) {
		t.Helper()
		n := 0
		for range 1000 {
			f, err := c.choose(&query{function: "f"}, &tries{local: true})
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
	// The slowest is this node, and it is not forgotten either.
	here := 0
	for range 1000 {
		if f, err := c.choose(&query{function: "f"}, &tries{}); err != nil {
			t.Fatal(err)
		} else if f.local != nil {
			here++
		}
	}
	if here == 0 || here > 100 {
		t.Errorf("this node, which is slow, was chosen %d times of 1000", here)
	}
}

func TestWhoIsLeftOut(t *testing.T) {
	c, members := choosing(t, 3)
	seen := make(map[*member]bool)
	for range 200 {
		f, err := c.choose(&query{function: "f", from: "0"}, &tries{local: true, members: members[1:2]})
		if err != nil {
			t.Fatal(err)
		}
		seen[f.place.member] = true
	}
	if len(seen) != 1 || !seen[members[2]] {
		t.Errorf("chosen: %v", seen)
	}
	if _, err := c.choose(&query{function: "f", hops: maxHops}, &tries{local: true}); err == nil {
		t.Error("the call is passed on for ever")
	}
	if f, err := c.choose(&query{function: "f", hops: maxHops}, &tries{}); err != nil || f.local == nil {
		t.Errorf("the last node has it: got %+v, %v", f, err)
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
