package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestSimForgedRecords: one node lies about the others. Whatever it says of who
// lives is contradicted by whom it is about, and nobody stays in another's view
// that was made up, longer than a tombstone.
func TestSimForgedRecords(t *testing.T) {
	t.Parallel()
	w := peaceful(t, 12)
	w.oracle.lax = true
	liar, victim := w.neighbours()
	m, _ := liar.machine.Member(victim.id)
	for i, s := range []wire.Stamp{
		{Incarnation: m.Incarnation, Version: m.Version + 5, State: wire.Left},
		{Incarnation: m.Incarnation, Version: m.Version + 90, State: wire.Dead},
		{Incarnation: m.Incarnation + 3, Version: 1, State: wire.Alive},
		{Incarnation: m.Incarnation + 1_000_000_000, Version: 77, State: wire.Dead},
		{Incarnation: m.Incarnation + 2_000_000_000, Version: wire.MaxVersion, State: wire.Left},
	} {
		for _, h := range w.hosts {
			if h.process != liar {
				w.tell(liar.host.index, h.index, &wire.Gossip{Records: []wire.Record{
					{ID: victim.id, Name: "forged", URLs: []string{"ws://203.0.113.1:1"}, Stamp: s, Body: m.Body + uint64(i)},
				}})
			}
		}
		w.run(3 * sec)
		agree(t, w)
	}
}

// TestSimReportsWithoutReason: one node reports all others as gone, again and
// again. They contradict, and the traffic is bounded.
func TestSimReportsWithoutReason(t *testing.T) {
	t.Parallel()
	w := peaceful(t, 20)
	liar, _ := w.neighbours()
	before := w.oracle.deaths
	for range 100 {
		var reports []wire.Report
		for _, h := range w.hosts {
			if m, ok := liar.machine.Member(h.id); ok && h.process != liar {
				reports = append(reports, wire.Report{Subject: h.id, Stamp: stampOf(m), By: liar.id, Hard: true})
			}
		}
		for id := range liar.links {
			w.tell(liar.host.index, w.oracle.running[id][0].host.index, &wire.Gossip{Reports: reports})
		}
		w.run(200 * ms)
	}
	if n := w.oracle.deaths - before; n > 0 {
		t.Errorf("one node's reports killed %d times", n)
	}
	w.run(10 * sec)
	agree(t, w)
}

// TestSimDigestsWithoutEnd: a peer that asks for comparisons all the time gets
// a few answers, and what it sends is not answered with more than it sent.
func TestSimDigestsWithoutEnd(t *testing.T) {
	t.Parallel()
	w := peaceful(t, 20)
	pest, victim := w.neighbours()
	rng := rand.New(rand.NewPCG(1, 2))
	before := victim.tx
	for range 2000 {
		buckets := make([]uint64, wire.GossipBuckets)
		for i := range buckets {
			buckets[i] = rng.Uint64()
		}
		w.tell(pest.host.index, victim.host.index, &wire.Gossip{Buckets: buckets})
		w.tell(pest.host.index, victim.host.index, &wire.Gossip{Digest: &wire.Digest{Buckets: ^uint64(0)}})
		w.run(5 * ms)
	}
	if sent := victim.tx - before; sent > 1<<20 {
		t.Errorf("10 s of digests without end made the other end send %d bytes", sent)
	}
	if victim.machine.Stats().Limited == 0 {
		t.Error("no digest was left unanswered")
	}
	w.run(5 * sec)
	agree(t, w)
}

// TestSimManyUnknown: a peer tells of 100,000 nodes that nobody ever meets. Some are
// taken up, to a bound; they die, and are forgotten.
func TestSimManyUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(3)
	w.timing.Tombstone = 30 * sec
	w.most = 500
	w.addHosts(3)
	for _, h := range w.hosts {
		h.boot(1, w.urlsOf(0))
	}
	agree(t, w)
	w.oracle.lax = true
	victim, pest := w.hosts[0].process, w.hosts[2].process
	ghosts := func(i int) *wire.Gossip {
		g := new(wire.Gossip)
		for j := range 1000 {
			id := fmt.Sprintf("ghost %d", i*1000+j)
			s := wire.Stamp{Incarnation: 1, Version: 1}
			g.Reports = append(g.Reports, wire.Report{Subject: id, Stamp: s, By: pest.id})
			g.Records = append(g.Records, wire.Record{ID: id, Stamp: s, Body: 1})
			g.Wanted = append(g.Wanted, uint64(i*1000+j))
		}
		return g
	}
	for i := range 100 {
		g := ghosts(i)
		if i < 50 {
			g.Records = nil
		}
		victim.step(func(now time.Duration) { victim.machine.Receive(now, pest.id, g) })
		if s := victim.machine.Stats(); s.Early > 256 || s.Members > w.most {
			t.Fatalf("after %d messages about unknown nodes: %+v", i+1, s)
		}
	}
	for _, p := range w.live() {
		if n := len(p.machine.Members()); n > w.most {
			t.Errorf("%v keeps %d records", p, n)
		}
	}
	w.run(3 * time.Minute)
	agree(t, w)
	for _, p := range w.live() {
		if n := len(p.machine.Members()); n != 3 {
			t.Errorf("%v keeps %d records after tombstones expired", p, n)
		}
	}
}

// TestSimStrangeMessages: random messages of a neighbour's change nothing for
// good, whatever is in them.
func TestSimStrangeMessages(t *testing.T) {
	t.Parallel()
	w := peaceful(t, 10)
	w.oracle.lax = true
	w.timing.Tombstone = 30 * sec
	pest, victim := w.neighbours()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		g := strange(rng, w, pest)
		if pest.frame.Gossip(g) != nil {
			continue
		}
		w.tell(pest.host.index, victim.host.index, g)
		w.run(time.Duration(rng.IntN(3)) * ms)
	}
	w.run(11 * time.Minute)
	agree(t, w)
}

// strange makes a message of ids that exist and others.
func strange(rng *rand.Rand, w *world, from *process) *wire.Gossip {
	id := func() string {
		if rng.IntN(8) == 0 {
			return fmt.Sprintf("ghost %d", rng.IntN(20))
		}
		return w.hosts[rng.IntN(len(w.hosts))].id
	}
	stamp := func(id string) wire.Stamp {
		m, ok := from.machine.Member(id)
		if !ok {
			m = gossip.Member{Incarnation: 1 + rng.Int64N(5), Version: 1}
		}
		return wire.Stamp{Incarnation: m.Incarnation + rng.Int64N(2), Version: m.Version + rng.Uint64N(3), State: wire.State(rng.IntN(3))}
	}
	g := &wire.Gossip{}
	for range 1 + rng.IntN(3) {
		x := id()
		switch rng.IntN(7) {
		case 0:
			g.Records = append(g.Records, wire.Record{ID: x, Name: "x", Stamp: stamp(x), Body: 1 + rng.Uint64N(5), Deltas: []string{"?"}})
		case 1:
			g.Reports = append(g.Reports, wire.Report{Subject: x, Stamp: stamp(x), By: id(), Hard: rng.IntN(2) == 0})
		case 2:
			g.Pulls = append(g.Pulls, wire.Pull{ID: x, Wait: rng.IntN(2) == 0})
		case 3:
			g.Lacking = append(g.Lacking, x)
		case 4:
			g.Bodies = append(g.Bodies, wire.Body{ID: fmt.Sprintf("ghost %d", rng.IntN(20)), Version: 1 + rng.Uint64N(1<<52), Parts: []string{"?"}})
		case 5:
			g.Digest = &wire.Digest{Buckets: rng.Uint64(), Entries: []wire.DigestEntry{{Key: rng.Uint64(), Stamp: stamp(x), Body: 1}}}
		case 6:
			g.Tick = &wire.Tick{Root: rng.Uint64(), Want: rng.IntN(2) == 0, Load: rng.Uint64()}
		}
	}
	return g
}
