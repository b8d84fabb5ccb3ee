package gossip_test

import (
	"slices"
	"time"
)

// loaded lets all processes wait for their turn, again and again.
func (s *scenario) loaded() {
	w := s.w
	before := w.oracle.deaths
	w.load = 50 * ms
	w.run(60 * sec)
	w.load = 0
	if n := w.oracle.deaths - before; n > 0 {
		w.oracle.fail("%d deaths while the cores were loaded", n)
	}
	s.settle(w.live(), true, 20*sec, 20*ms, "after a load")
	w.run(5 * sec)
}

// stalls stops processes for as long as must kill nobody.
func (s *scenario) stalls() {
	w := s.w
	before := w.oracle.deaths
	s.pick().freeze(stallAllowed)
	w.run(12 * sec)
	for i, p := range w.live() {
		if i%5 == 0 {
			p.freeze(stallAllowed - sec)
		}
	}
	w.run(12 * sec)
	s.settle(w.live(), true, 20*sec, 20*ms, "after stalls")
	if s.figures.stallDeaths = w.oracle.deaths - before; s.figures.stallDeaths > 0 {
		w.oracle.fail("%d deaths by stalls that should kill nobody", s.figures.stallDeaths)
	}
}

// cutOff cuts some hosts off from the others, and returns both.
func (s *scenario) cutOff(group func(host int) bool) (in, out []*process) {
	s.w.net.setCut(func(a, b int) bool { return group(a) != group(b) })
	for _, p := range s.w.live() {
		if group(p.host.index) {
			in = append(in, p)
		} else {
			out = append(out, p)
		}
	}
	return in, out
}

func (s *scenario) partition() {
	w := s.w
	a, b := s.cutOff(func(h int) bool { return mix(uint64(h), 3)&1 == 0 })
	s.figures.split = s.settle(a, false, 40*sec, 50*ms, "one half of a partition")
	s.figures.split += s.settle(b, false, 40*sec, 50*ms, "the other half of a partition")
	w.run(30*sec - s.figures.split)
	w.net.setCut(nil)
	s.figures.heal = s.settle(w.live(), true, time.Minute, 20*ms, "a healed partition")
	w.run(15 * sec)
}

// island cuts three off, too few for a quorum of their observers.
func (s *scenario) island() {
	w := s.w
	n := len(w.hosts)
	a, b := s.cutOff(func(h int) bool { return h == 1 || h == n/2 || h == n-2 })
	s.settle(b, false, time.Minute, 50*ms, "the many beside an island")
	s.figures.island = s.settle(a, false, 2*time.Minute, 100*ms, "an island of three")
	w.run(20 * sec)
	w.net.setCut(nil)
	s.figures.joins = s.settle(w.live(), true, time.Minute, 20*ms, "a healed island")
	w.run(15 * sec)
}

// partial cuts one host off from most others, then everything that it sends.
func (s *scenario) partial() {
	w := s.w
	x := s.pick().host.index
	for _, f := range []uint64{2, 10} {
		w.net.setCut(func(a, b int) bool { return (a == x || b == x) && mix(uint64(a+b-x), 17)%f != 0 })
		w.run(40 * sec)
		w.net.setCut(nil)
		s.settle(w.live(), true, time.Minute, 20*ms, "one that was cut off from most")
		w.run(10 * sec)
	}
	w.net.setCut(func(a, b int) bool { return a == x })
	w.run(30 * sec)
	w.net.setCut(nil)
	s.settle(w.live(), true, time.Minute, 20*ms, "one that was mute")
	w.run(30 * sec)
}

// flap cuts one link again and again: nobody may be declared dead.
func (s *scenario) flap() {
	w := s.w
	p := s.pick()
	to := p.machine.Observers(p.id)
	x, y := p.host.index, w.oracle.running[to[0]][0].host.index
	before := w.oracle.deaths
	for range 8 {
		w.net.setCut(func(a, b int) bool { return a == x && b == y || a == y && b == x })
		w.run(4 * sec)
		w.net.setCut(nil)
		w.run(4 * sec)
	}
	if n := w.oracle.deaths - before; n > 0 {
		w.oracle.fail("%d deaths by one flapping link", n)
	}
	s.settle(w.live(), true, time.Minute, 20*ms, "after a flapping link")
	w.run(10 * sec)
}

// massCrash kills a third, among them all observers of one; then silently again,
// that one as well. Nobody is left then who ever had a link to it: most is asked of
// the rules if it can't be dialed either.
func (s *scenario) massCrash() {
	w := s.w
	x := s.pick()
	for s.figures.mixed && len(x.host.urls) > 0 {
		x = s.pick()
	}
	doomed := func(most int) []*process {
		var out []*process
		if obs := x.machine.Observers(x.id); len(obs) < most {
			for _, id := range obs {
				out = append(out, w.oracle.running[id][0])
			}
		}
		for len(out) < most {
			if p := s.pick(); p != x && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
		return out
	}
	for _, p := range doomed(3 * len(w.hosts) / 10) {
		p.crash()
	}
	s.figures.massCrash = s.settle(w.live(), true, time.Minute, 20*ms, "a mass crash")
	w.run(10 * sec)
	for _, p := range append(doomed(2*len(w.hosts)/10), x) {
		p.powerOff()
	}
	s.figures.massOff = s.settle(w.live(), true, time.Minute, 20*ms, "a mass loss of power")
	for _, h := range w.hosts {
		if h.process == nil {
			h.boot(20_000, w.urlsOf(0, 1))
		}
	}
	s.settle(w.live(), true, time.Minute, 20*ms, "a mass return")
	w.run(15 * sec)
}

// rolling restarts all, one after the other; a third with a clock set back.
func (s *scenario) rolling() {
	w := s.w
	step := min(200*ms, 20*sec/time.Duration(len(w.hosts)))
	for i, h := range w.hosts {
		w.after(time.Duration(i)*step, func() { h.process.crash() })
		w.after(time.Duration(i)*step+500*ms, func() {
			passed := int64(5)
			if i%3 == 0 {
				passed = -50
			}
			h.boot(passed, w.urlsOf(0, 1, len(w.hosts)-1))
		})
	}
	w.run(time.Duration(len(w.hosts))*step + 500*ms)
	s.figures.rolling = s.settle(w.live(), true, time.Minute, 5*ms, "a rolling restart")
	w.run(20 * sec)
	s.settle(w.live(), true, time.Second, 20*ms, "peace at the end")
	w.oracle.bounds(w.live())
}
