package gossip_test

import (
	"testing"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// What things cost on a core, about, as measured of nodes in one process: the
// goroutines and system calls of a link are most of it.
const (
	eventCost = 20 * time.Microsecond
	sendCost  = 15 * time.Microsecond
	dialCost  = 400 * time.Microsecond // of each end
	bodyCost  = 100 * time.Microsecond // to decode and index 250 offers
	byteCost  = 5 * time.Nanosecond
)

// cores are when each core is free.
type cores []time.Duration

// use has the next free core do something, slower by a factor, and returns when that
// is done.
func (c cores) use(now, cost time.Duration, slower int) time.Duration {
	if len(c) == 0 {
		return 0
	}
	first := 0
	for i := range c {
		if c[i] < c[first] {
			first = i
		}
	}
	c[first] = max(c[first], now) + cost*time.Duration(slower)
	return c[first] - now
}

// costOf is what it takes to receive a message.
func costOf(g *wire.Gossip, bytes int) time.Duration {
	return eventCost + time.Duration(bytes)*byteCost + time.Duration(len(g.Bodies))*bodyCost
}

// TestSimSlowCores starts clusters on two cores, which have to do seconds of work at
// once. Everything takes longer than the protocol's waits then, and what was only
// slow must not be taken for dead: that would make more work, without end.
//
// It holds for callers that advance the machine in the order of all else. If timers go
// before what waits to be read, no tick is late, and the machine does not see that it
// is the slow one: with -long the log has what becomes of that.
func TestSimSlowCores(t *testing.T) {
	t.Parallel()
	nodes, slowness := 40, []int{1, 10}
	if *longFlag {
		nodes, slowness = 100, []int{1, 4, 10}
	}
	for _, slow := range slowness {
		w, took := startOnCores(t, nodes, slow, false)
		if took == never || w.oracle.deaths > 0 || w.ideal() > 1.5 {
			t.Error("that was too long, too much, or deadly")
		}
		w.run(30 * sec)
		agree(t, w)
	}
	if *longFlag {
		startOnCores(t, nodes, 4, true)
	}
}

// startOnCores starts nodes at once, and returns how long it took until all knew all.
func startOnCores(t *testing.T, nodes, slow int, prompt bool) (*world, time.Duration) {
	t.Helper()
	w := newWorld(max(*seedFlag, 1))
	if *eventsFlag {
		w.traces = t.Logf
	}
	w.bodies = catalogBytes
	w.slow, w.prompt, w.cores = slow, prompt, make(cores, 2)
	w.addHosts(nodes)
	for i, h := range w.hosts {
		w.after(time.Duration(i)*ms, func() { h.boot(1, w.urlsOf(0, 1)) })
	}
	w.run(100 * ms)
	took := w.until(2*time.Minute, 10*ms, func() bool { return w.oracle.converged(w.live(), true) })
	t.Logf("%d nodes, cores %d times slower, timers first %t: all know all after %v, %.2f × the bytes of all catalogs, %d deaths; %s",
		nodes, slow, prompt, shown(took), w.ideal(), w.oracle.deaths, w.net.counts())
	return w, took
}

// ideal is how many bytes were sent, by those of each catalog to each other node.
func (w *world) ideal() float64 {
	n := float64(len(w.hosts))
	return float64(w.net.total()) / (n * (n - 1) * catalogBytes)
}
