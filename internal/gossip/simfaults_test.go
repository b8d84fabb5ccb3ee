package gossip_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// peaceful returns a cluster that has found together.
func peaceful(t *testing.T, nodes int) *world {
	t.Helper()
	w := newWorld(max(*seedFlag, 1))
	if *eventsFlag {
		w.traces = t.Logf
	}
	w.addHosts(nodes)
	for _, h := range w.hosts {
		h.boot(1, w.urlsOf(0))
	}
	agree(t, w)
	w.run(15 * sec)
	return w
}

// agree waits until all that live know exactly each other.
func agree(t *testing.T, w *world) {
	t.Helper()
	agreeWithin(t, w, time.Minute)
}

func agreeWithin(t *testing.T, w *world, limit time.Duration) {
	t.Helper()
	live := w.live()
	if w.until(limit, 10*ms, func() bool { return w.oracle.converged(live, true) }) == never {
		t.Fatalf("no agreement within %v:%s", limit, w.oracle.report(live))
	}
	sound(t, w)
}

// sound fails if an invariant was hurt.
func sound(t *testing.T, w *world) {
	t.Helper()
	if f := w.oracle.failures; len(f) > 0 {
		t.Fatal(strings.Join(f, "\n"))
	}
}

// tell sends a message over the link between two hosts, as the first one's.
func (w *world) tell(from, to int, g *wire.Gossip) {
	p := w.hosts[from].process
	p.send(w.hosts[to].process.id, g)
}

// neighbours returns a host and another that it has a link to.
func (w *world) neighbours() (a, b *process) {
	a = w.hosts[len(w.hosts)/2].process
	for _, h := range w.hosts {
		if e := a.links[h.process.id]; e != nil && h.process != a {
			return a, h.process
		}
	}
	return nil, nil
}

// rate is how many bytes a second each node sends while d passes.
func (w *world) rate(d time.Duration) float64 {
	w.net.resetCounts()
	w.run(d)
	return float64(w.net.total()) / d.Seconds() / float64(len(w.live()))
}

// TestSimForgetsTheDead: a tombstone is gone after its time, in all views, and
// what it was about does not come back, neither by a partition that was longer nor
// by a process that stood still for longer.
func TestSimForgetsTheDead(t *testing.T) {
	t.Parallel()
	w := newWorld(7)
	w.timing.Tombstone = 60 * sec
	w.addHosts(24)
	for _, h := range w.hosts {
		h.boot(1, w.urlsOf(0))
	}
	agree(t, w)
	w.hosts[3].process.crash()
	w.hosts[9].process.leave()
	w.hosts[11].process.powerOff()
	w.run(30 * sec)
	for _, p := range w.live() {
		if s := p.machine.Stats(); s.Tombstones != 3 || s.Live != 21 {
			t.Fatalf("%v after three went: %+v", p, s)
		}
	}
	forgotten := func() bool {
		for _, p := range w.live() {
			if len(p.machine.Members()) != len(w.live()) {
				return false
			}
		}
		return true
	}
	if w.until(45*sec, sec, forgotten) == never {
		t.Fatalf("tombstones are still there: %+v", w.live()[0].machine.Stats())
	}
	agree(t, w)

	w.net.setCut(func(a, b int) bool { return a%3 == 0 != (b%3 == 0) })
	w.run(120 * sec)
	w.net.setCut(nil)
	agree(t, w)
	w.run(30 * sec)
	agree(t, w)
}

// TestSimOneThatStoodStillForLong: a process that stood still for longer than
// tombstones last, and holds all that died meanwhile for live, does not bring
// them back for long.
func TestSimOneThatStoodStillForLong(t *testing.T) {
	t.Parallel()
	w := newWorld(8)
	w.timing.Tombstone = 60 * sec
	w.addHosts(20)
	for _, h := range w.hosts {
		h.boot(1, w.urlsOf(0))
	}
	agree(t, w)
	w.oracle.lax = true // the dead do come back for a moment: it knows no better
	w.hosts[4].process.freeze(200 * sec)
	w.run(20 * sec)
	for _, i := range []int{7, 8, 9} {
		w.hosts[i].process.crash()
	}
	w.run(190 * sec)
	agree(t, w)
	w.run(30 * sec)
	agree(t, w)
}

// TestSimIdConflict: two processes live with one id. There is no right answer,
// and the traffic stays bounded; with the second gone, the first is known again.
func TestSimIDConflict(t *testing.T) {
	t.Parallel()
	w := peaceful(t, 20)
	w.oracle.lax = true
	peace := w.rate(10 * sec)
	double := w.addHost()
	double.id = w.hosts[5].id
	double.boot(500, w.urlsOf(0))
	w.run(5 * sec)
	if rate := w.rate(30 * sec); rate > 20*peace+5000 {
		t.Errorf("two processes with one id: %.0f B/s a node, %.0f in peace: %s", rate, peace, w.net.counts())
	}
	refutations := uint64(0)
	for _, p := range w.live() {
		refutations += p.machine.Stats().Refutations
	}
	t.Logf("%d refutations, %d deaths, notes %v", refutations, w.oracle.deaths, w.oracle.notes)
	double.process.crash()
	w.run(20 * sec)
	agree(t, w)
}

// TestSimFarFuture: an incarnation from the far future is taken as it is, once,
// and is above nothing that its owner can't reach.
func TestSimFarFuture(t *testing.T) {
	t.Parallel()
	w := peaceful(t, 8)
	h := w.hosts[3]
	h.process.crash()
	w.run(sec)
	h.clock = wire.MaxIncarnation - 10
	h.boot(0, w.urlsOf(0))
	w.run(5 * sec)
	agree(t, w)
	h.process.crash()
	w.run(sec)
	h.clock = 1_790_000_000_000 // its clock is right again, and its last life is above it
	h.boot(0, w.urlsOf(0))
	w.run(5 * sec)
	agree(t, w)
}

// TestSimBalancer: all know a load balancer only, which leads to any of them. What
// came up in two parts finds together nevertheless, and so does what was cut for
// longer than the dead are remembered.
func TestSimBalancer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		w := newWorld(100 + seed)
		w.timing.Tombstone = 30 * sec
		w.addHosts(4 + 2*int(seed))
		for _, h := range w.hosts {
			w.after(w.chance(100*ms), func() { h.boot(1, []string{balancer}) })
		}
		w.run(sec)
		agreeWithin(t, w, 2*time.Minute)
		w.net.setCut(func(a, b int) bool { return a%2 != b%2 })
		w.run(90 * sec)
		w.net.setCut(nil)
		agreeWithin(t, w, 5*time.Minute)
	}
}

// TestSimSharedURL: all nodes advertise one URL, by mistake or of a balancer: who
// dials one of them meets itself, or any. They know each other over the links to a
// seed, and nobody dies of it.
func TestSimSharedURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{loopback, balancer} {
		for _, nodes := range []int{3, 6, 12} {
			w := newWorld(uint64(nodes))
			if *eventsFlag {
				w.traces = t.Logf
			}
			w.addHosts(nodes)
			for i, h := range w.hosts {
				h.urls = []string{url}
				w.after(time.Duration(i)*100*ms, func() { h.boot(int64(100*i+1), w.urlsOf(0)) })
			}
			w.run(5 * sec)
			agree(t, w)
			w.run(time.Minute)
			if w.oracle.deaths > 0 {
				t.Errorf("%d nodes that all advertise %s: %d deaths", nodes, url, w.oracle.deaths)
			}
			if rate := w.rate(time.Minute); rate > 1500 {
				t.Errorf("%d nodes that all advertise %s send %.0f B/s each: %s", nodes, url, rate, w.net.counts())
			}
			agree(t, w)
		}
	}
}
