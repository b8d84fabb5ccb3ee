package hosttest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// newCluster is newNetwork for the tests of clusters.
func newCluster(t *testing.T) *network {
	t.Helper()
	t.Parallel()
	return newNetwork(t)
}

// TestFormation: nodes that each know one other become a cluster, in whatever
// order they start.
func TestFormation(t *testing.T) {
	n := newCluster(t)
	hosts := []*host{n.host("a", west), n.host("b", west), n.host("c", west), n.host("d", east), n.host("e", east), n.host("f", east)}
	nodes := make([]*node, len(hosts))
	for i, h := range hosts {
		nodes[i] = h.serve("", "--peers", hosts[(i+1)%len(hosts)].url()) // which is not there yet
	}
	await("a alive, b alive, c alive, d alive, e alive, f alive", nodes...)
	reach(nodes...)
}

// TestPulledCable: a host goes silent. No connection to it ends, nothing is
// refused: the others have to find out, avoid it and take it back.
func TestPulledCable(t *testing.T) {
	n := newCluster(t)
	first := n.host("a", west)
	a := first.serve("", "--peers", first.url()) // itself: that does no harm
	b := n.host("b", west).serve("spare", "--peers", first.url())
	c := n.host("c", east).serve("spare", "--peers", first.url())
	d := n.host("d", east).serve("", "--peers", first.url())
	others := []*node{a, b, d}
	all := "a alive, b alive, c alive, d alive"
	await(all, a, b, c, d)
	reach(a, b, c, d)

	c.unplug()
	seen := map[*node][]string{a: {"alive"}, b: {"alive"}, d: {"alive"}}
	until(t, "c is dead to the others", func() (string, bool) {
		dead := 0
		for _, other := range others {
			state, states := other.members()["c"], seen[other]
			if state != states[len(states)-1] {
				seen[other] = append(states, state)
				elsewhere(t, other, "spare", "b") // from the first doubt on
			}
			if state == "dead" {
				dead++
			}
		}
		return fmt.Sprint(seen[a], seen[b], seen[d]), dead == len(others)
	})
	doubted := 0
	for _, other := range others {
		switch states := strings.Join(seen[other], " "); states {
		case "alive suspect dead":
			doubted++
		case "alive dead": // it was not asked in between
		default:
			t.Errorf("to %s c was %s", other.name, states)
		}
	}
	if doubted == 0 {
		t.Error("nobody suspected c before it was dead")
	}
	// Whoever hears nobody has lost its own cable, more likely than they all theirs.
	if known := c.knows(); strings.Contains(known, "dead") {
		t.Errorf("without its cable c knows %s", known)
	}

	c.plug()
	await(all, a, b, c, d)
	reach(a, b, c, d)
}

// elsewhere checks that calls at the loc all run on one node.
func elsewhere(t *testing.T, from *node, loc, want string) {
	t.Helper()
	calls := slices.Repeat([]string{loc}, 16)
	got, err := from.ran(calls...)
	if err != nil {
		t.Errorf("from %s: %v", from.name, err)
	} else if !slices.Equal(got, slices.Repeat([]string{want}, len(calls))) {
		t.Errorf("from %s: calls at %s ran at %v, want %s", from.name, loc, got, want)
	}
}

// TestPartition: the network falls into halves that go on as two clusters, and
// become one again.
func TestPartition(t *testing.T) {
	n := newCluster(t)
	first := n.host("a", west)
	a := first.serve("")
	b := n.host("b", west).serve("", "--peers", first.url())
	c := n.host("c", west).serve("", "--peers", first.url())
	d := n.host("d", east).serve("", "--peers", first.url())
	e := n.host("e", east).serve("", "--peers", first.url())
	f := n.host("f", east).serve("", "--peers", first.url())
	all := "a alive, b alive, c alive, d alive, e alive, f alive"
	await(all, a, b, c, d, e, f)

	n.cut()
	await("a alive, b alive, c alive, d dead, e dead, f dead", a, b, c)
	await("a dead, b dead, c dead, d alive, e alive, f alive", d, e, f)
	reach(a, b, c)
	reach(d, e, f)
	if got, err := a.ran("d"); err == nil || !strings.Contains(err.Error(), "not_found") {
		t.Errorf("a call into the other half: ran at %v, error %v", got, err)
	}

	n.join()
	await(all, a, b, c, d, e, f)
	reach(a, b, c, d, e, f)
}

// TestBehindNAT: nodes that nobody can dial are called over the links that they
// opened, and call each other through a node that both can reach.
func TestBehindNAT(t *testing.T) {
	n := newCluster(t)
	first, second := n.host("a", west), n.host("b", east)
	a := first.serve("", "--peers", second.url())
	b := second.serve("", "--peers", first.url())
	c := n.host("c", east).serve("", "--peers", second.url())
	x := n.behindNAT("x", west).serve("", "--unreachable", "--peers", first.url())
	y := n.behindNAT("y", east).serve("", "--unreachable", "--peers", second.url())
	all := "a alive, b alive, c alive, x alive, y alive"
	await(all, a, b, c, x, y)
	reach(a, b, c, x, y)

	// Only the node itself can make new links then.
	x.restartGateway()
	reach(a, b, c, x, y)
	await(all, a, b, c, x, y)
}

// TestUselessURL: what a node says first about where it is leads nowhere, or to
// a refusal. Others find it by the second URL.
func TestUselessURL(t *testing.T) {
	n := newCluster(t)
	first := n.host("a", west)
	serve := func(h *host, useless string) *node {
		return h.serve("", "--advertise", useless+","+h.url(), "--peers", first.url())
	}
	a := serve(first, "ws://"+noAddress+":"+port)
	b := serve(n.host("b", west), "ws://"+noAddress+":"+port)
	refusing := n.host("c", east)
	c := serve(refusing, "ws://"+refusing.address+":1")
	d := serve(n.host("d", east), "ws://"+noAddress+":"+port)
	await("a alive, b alive, c alive, d alive", a, b, c, d)
	reach(a, b, c, d)

	// Only the first was told to the others: without it they have each other
	// by what they advertise.
	a.process.kill()
	await("a dead, b alive, c alive, d alive", b, c, d)
	reach(b, c, d)
}

// TestFarApart: each node is reached through a relay that delays. The cluster
// forms, and takes nobody for dead.
func TestFarApart(t *testing.T) {
	n := newCluster(t)
	nodes := make([]*node, 5)
	peer := ""
	for i := range nodes {
		h := n.host(string(rune('a'+i)), []half{west, east}[i%2])
		way := relay{Listen: h.address + ":1", Dial: h.at(), Delay: 50 * time.Millisecond, Jitter: 10 * time.Millisecond}
		h.start("relay", way.text())
		args := []string{"--advertise", "ws://" + way.Listen}
		if peer != "" {
			args = append(args, "--peers", peer)
		}
		nodes[i] = h.serve("", args...)
		peer = "ws://" + way.Listen
	}
	all := "a alive, b alive, c alive, d alive, e alive"
	await(all, nodes...)
	reach(nodes...)

	// Whatever makes a node suspect takes 5 s at most.
	for began := time.Now(); time.Since(began) < 8*time.Second; {
		for _, node := range nodes {
			if got := node.knows(); got != all {
				t.Fatalf("%v after all were alive %s knows %s", time.Since(began), node.name, got)
			}
		}
		<-time.After(10 * pause)
	}
}
