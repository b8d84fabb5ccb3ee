package gossip_test

import (
	"runtime"
	"slices"
	"time"
)

const (
	sec = time.Second
	ms  = time.Millisecond
)

// scenario is a cluster to which one thing after the other happens, and what was
// measured of it.
type scenario struct {
	w       *world
	figures figures
	log     func(format string, args ...any)
}

// figures are what is measured of a cluster. Times are until all know, or never.
type figures struct {
	nodes          int
	mixed          bool          // not all can be dialed
	heads, bodies  time.Duration // of a mass join: after the last start, and then
	ideal          float64       // bytes of the join, by those of each catalog to each other node
	idle           float64       // bytes a second and node
	idleFrames     float64
	change, full   time.Duration // median of small changes; one of a whole catalog
	crash, freeze  time.Duration // median
	powerOff       time.Duration
	leave          time.Duration
	back           time.Duration // of all those, started again
	stallDeaths    int
	split, heal    time.Duration
	island, joins  time.Duration // three of them alone, and healed
	massCrash      time.Duration
	massOff        time.Duration
	rolling        time.Duration
	links          float64
	mostLinks      int
	wronged        int
	failures       []string
	heap           float64 // MB in use at peace, the simulator's own included
	simulated, ran time.Duration
}

// catalogBytes is the size of a catalog in the scenarios: 250 functions or so.
const catalogBytes = 7000

// newScenario returns a cluster that has not started. If it is mixed, a fifth of
// the nodes can't be dialed, and a tenth says wrongly where.
func newScenario(seed uint64, nodes int, mixed bool, log func(string, ...any)) *scenario {
	s := &scenario{w: newWorld(seed), log: log}
	s.w.bodies = catalogBytes
	s.w.addHosts(nodes)
	s.figures.nodes, s.figures.mixed = nodes, mixed
	for i, h := range s.w.hosts {
		switch {
		case !mixed || i < 2 || i == nodes-1: // the seeds
		case i%5 == 2:
			h.hide()
		case i%10 == 4:
			h.mislead(i%20 == 4)
		}
	}
	return s
}

// all runs everything, in an order in which one leaves the next a sound cluster.
func (s *scenario) all() figures {
	began := time.Now()
	type step struct {
		name string
		do   func()
	}
	steps := []step{
		{"mass join", s.join},
		{"idle", s.idle},
		{"changes", s.changes},
		{"goodbyes", s.goodbyes},
		{"loaded cores", s.loaded},
		{"stalls", s.stalls},
		{"partition", s.partition},
	}
	if s.figures.nodes <= 300 { // beyond, each of these takes many minutes
		steps = append(steps,
			step{"island", s.island},
			step{"one in part", s.partial},
			step{"flapping link", s.flap},
			step{"mass crash", s.massCrash},
			step{"rolling restart", s.rolling},
		)
	}
	for _, step := range steps {
		s.w.net.resetCounts()
		from := s.w.now
		step.do()
		s.log("%d nodes, %s, %v: %s", s.figures.nodes, step.name, (s.w.now - from).Round(ms), s.w.net.counts())
		if len(s.w.oracle.failures) > 0 {
			break // what follows would only tell of the same
		}
	}
	s.figures.failures, s.figures.wronged = s.w.oracle.failures, s.w.oracle.wronged
	s.figures.simulated, s.figures.ran = s.w.now, time.Since(began)
	return s.figures
}

// settle waits until some know exactly each other.
func (s *scenario) settle(who []*process, bodies bool, limit, step time.Duration, what string) time.Duration {
	took := s.w.until(limit, step, func() bool { return s.w.oracle.converged(who, bodies) })
	if took == never {
		s.w.oracle.fail("%s: no agreement within %v:%s", what, limit, s.w.oracle.report(who))
	}
	return took
}

func (s *scenario) pick() *process {
	live := s.w.live()
	return live[s.w.rng.IntN(len(live))]
}

func (s *scenario) except(p *process) []*process {
	return slices.DeleteFunc(s.w.live(), func(q *process) bool { return p == q })
}

// join starts all within a second; each was told two others.
func (s *scenario) join() {
	w := s.w
	last := time.Duration(0)
	for _, h := range w.hosts {
		start := w.chance(sec)
		last = max(last, start)
		w.after(start, func() { h.boot(1, w.urlsOf(0, 1)) })
	}
	w.run(last)
	s.figures.heads = s.settle(w.live(), false, time.Minute, 10*ms, "headers of a mass join")
	s.figures.bodies = s.settle(w.live(), true, time.Minute, 10*ms, "bodies of a mass join")
	s.figures.ideal = w.ideal()
	w.run(25 * sec)
}

func (s *scenario) idle() {
	w := s.w
	const while = 20
	w.run(while * sec)
	frames := int64(0)
	for _, f := range w.net.frames {
		frames += f
	}
	n := float64(len(w.hosts))
	s.figures.idle = float64(w.net.total()) / while / n
	s.figures.idleFrames = float64(frames) / while / n
	for _, p := range w.live() {
		s.figures.links += float64(len(p.links)) / n
		s.figures.mostLinks = max(s.figures.mostLinks, len(p.links))
	}
	w.oracle.bounds(w.live())
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	s.figures.heap = float64(mem.HeapInuse) / 1e6
}

func (s *scenario) changes() {
	w := s.w
	var took []time.Duration
	for range 5 {
		w.run(w.chance(sec))
		s.pick().change(true)
		took = append(took, s.settle(w.live(), true, 10*sec, ms, "a small change"))
	}
	s.figures.change = median(took)
	s.pick().change(false)
	s.figures.full = s.settle(w.live(), true, 10*sec, ms, "a change of all")
	w.run(3 * sec)
}

// goodbyes lets nodes go in every way, and starts them again.
func (s *scenario) goodbyes() {
	w := s.w
	var gone []*host
	let := func(times int, step time.Duration, what string, go1 func(*process)) time.Duration {
		var took []time.Duration
		for range times {
			p := s.pick()
			for len(p.host.urls) != 1 { // of others a crash is no refusal, and takes as long as silence
				p = s.pick()
			}
			gone = append(gone, p.host)
			others := s.except(p)
			go1(p)
			took = append(took, s.settle(others, false, 30*sec, step, what))
			w.run(3 * sec)
		}
		return median(took)
	}
	s.figures.crash = let(3, ms, "a crash", (*process).crash)
	s.figures.freeze = let(2, 10*ms, "a frozen host", func(p *process) { p.freeze(0) })
	s.figures.powerOff = let(1, 10*ms, "a host without power", (*process).powerOff)
	s.figures.leave = let(2, ms, "a leave", (*process).leave)
	for _, h := range gone {
		if h.process != nil {
			h.process.crash()
		}
		h.boot(7, w.urlsOf(0, 1))
	}
	s.figures.back = s.settle(w.live(), true, 30*sec, 5*ms, "those that come back")
	w.run(10 * sec)
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
