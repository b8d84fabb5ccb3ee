package gossip_test

import (
	"fmt"
	"time"
)

// chaos is a run of random events, after which everything heals: all that live
// must find together then, and stay so.
type chaos struct {
	seed  uint64
	w     *world
	seeds []string
	kind  string // what is special, for the summary
}

// result is what became of a chaos run.
type result struct {
	nodes, live int
	settled     time.Duration
	deaths      int
	kind        string
	failures    []string
}

func (r result) String() string {
	return fmt.Sprintf("%d nodes, %d live at the end, %s, settled %s after all was healed, %d deaths", r.nodes, r.live, r.kind, shown(r.settled), r.deaths)
}

// chaosNodes is how many nodes a seed's run has: few more often than many.
func chaosNodes(seed uint64, most int) int {
	x := float64(mix(seed, 1)>>11) / (1 << 53)
	return 3 + int(x*x*float64(most-2))
}

// runChaos does one run. trace may be nil.
func runChaos(seed uint64, nodes int, trace func(string, ...any)) result {
	c := &chaos{seed: seed, w: newWorld(seed), kind: "copied"}
	w := c.w
	w.traces = trace
	w.addHosts(nodes)
	c.furnish()
	c.start()
	w.run(10 * time.Second)
	for range 25 + w.rng.IntN(15) {
		c.strike()
		w.run(w.chance(6 * time.Second))
	}
	c.heal()
	return c.judge()
}

// furnish makes hosts and network what they are in this run.
func (c *chaos) furnish() {
	w := c.w
	for _, h := range w.hosts[2:] { // two can always be dialed: they are the seeds
		switch w.rng.IntN(10) {
		case 0, 1:
			h.hide()
		case 2:
			h.mislead(true)
		case 3:
			h.mislead(false)
		case 4:
			if w.rng.IntN(3) == 0 {
				h.urls = []string{loopback}
			}
		}
	}
	if w.rng.IntN(2) == 0 {
		w.wire.encoded = true
		c.kind = "encoded"
	}
	if w.rng.IntN(4) == 0 {
		w.bodies = 7000
	}
	switch w.rng.IntN(8) {
	case 0:
		w.wire.late = 50 * time.Millisecond
		c.kind += ", out of order"
	case 1:
		w.wire.loss, w.wire.twice, w.wire.late = 0.05, 0.05, 20*time.Millisecond
		c.kind += ", lossy"
	}
	if w.rng.IntN(6) == 0 {
		w.load = 20 * time.Millisecond
		c.kind += ", loaded"
	}
	c.seeds = w.urlsOf(0, 1)
	if w.rng.IntN(6) == 0 {
		c.seeds = []string{balancer}
		c.kind += ", balancer"
	}
}

// start starts all nodes within two seconds. Some get to know their seeds late.
func (c *chaos) start() {
	w := c.w
	for _, h := range w.hosts {
		late := w.rng.IntN(8) == 0
		w.after(w.chance(2*time.Second), func() {
			if !late {
				h.boot(1, c.seeds)
				return
			}
			p := h.boot(1, nil)
			w.after(w.chance(3*time.Second), func() {
				p.do(func() {
					p.step(func(now time.Duration) { p.machine.SetSeeds(now, c.seeds) })
				})
			})
		})
	}
}

// strike lets something happen.
func (c *chaos) strike() {
	w := c.w
	i, j := w.rng.IntN(len(w.hosts)), w.rng.IntN(len(w.hosts))
	h := w.hosts[i]
	p := h.process
	runs := p != nil && !p.frozen && !p.leaving
	switch what := w.rng.IntN(19); what {
	case 0:
		if p != nil {
			p.crash()
		}
	case 1, 2:
		if p == nil {
			h.boot(c.clock(), c.seeds)
		}
	case 3:
		if runs {
			p.freeze(w.chance(20 * time.Second))
		}
	case 4, 5, 6, 7, 8, 9:
		c.cut(what, i, j)
	case 10:
		if runs {
			p.powerOff()
		}
	case 11:
		if runs {
			p.leave()
		}
	case 12: // dies without a word, and is back at once
		if p != nil {
			p.powerOff()
			h.boot(c.clock(), c.seeds)
		}
	case 13: // another node takes the address
		if p == nil {
			h.id = fmt.Sprintf("01K%05X%018d", w.rng.Uint32N(1<<20), i)
			h.boot(c.clock(), c.seeds)
		}
	case 14:
		if runs {
			p.jump(w.chance(15 * time.Second))
		}
	case 15, 16:
		for range 1 + w.rng.IntN(40) {
			c.churn()
		}
	case 17: // a call's link
		if q := w.hosts[j].process; runs && q != nil && i != j && len(q.host.urls) > 0 {
			p.keeps = w.rng.IntN(3) == 0
			p.call(q)
		}
	case 18:
		for range w.rng.IntN(4) { // some at once
			if q := w.hosts[w.rng.IntN(len(w.hosts))].process; q != nil {
				q.crash()
			}
		}
	}
}

// clock is what a host's wall clock says has passed: it may have been set back. No
// two processes of a host start in the same millisecond.
func (c *chaos) clock() int64 {
	if ms := c.w.rng.Int64N(40) - 20; ms != 0 {
		return ms
	}
	return 20
}

// churn lets a node offer something else.
func (c *chaos) churn() {
	w := c.w
	h := w.hosts[w.rng.IntN(len(w.hosts))]
	delta, load := w.rng.IntN(3) > 0, w.rng.Uint64N(1000)
	w.after(w.chance(time.Second), func() {
		if p := h.process; p != nil && !p.frozen && !p.leaving {
			p.machine.SetLoad(load)
			p.change(delta)
		}
	})
}

// cut changes the network.
func (c *chaos) cut(what, i, j int) {
	w := c.w
	salt := w.rng.Uint64()
	switch what {
	case 4: // in two
		w.net.setCut(func(a, b int) bool { return mix(uint64(a), salt)&1 != mix(uint64(b), salt)&1 })
	case 5: // a fourth of all directions
		w.net.setCut(func(a, b int) bool { return mix(uint64(a)<<20|uint64(b), salt)&3 == 0 })
	case 6: // one can't send, one can't receive
		w.net.setCut(func(a, b int) bool { return a == i || b == j })
	case 7: // one pair
		w.net.setCut(func(a, b int) bool { return a == i && b == j || a == j && b == i })
	case 8, 9:
		w.net.setCut(nil)
	}
}

// heal ends all trouble, and waits until the last stall is over.
func (c *chaos) heal() {
	w := c.w
	w.net.setCut(nil)
	for _, h := range w.hosts[:2] { // who starts behind a NAT has only the seeds
		if h.process == nil {
			h.boot(c.clock(), c.seeds)
		}
	}
	for _, h := range w.hosts {
		h.powerOn()
	}
	w.run(21 * time.Second)
	for _, h := range w.hosts {
		if h.process != nil {
			h.process.keeps = false
		}
	}
}

// judge waits until all that live know each other, and sees that it stays so.
func (c *chaos) judge() result {
	w, o := c.w, &c.w.oracle
	live := w.live()
	r := result{nodes: len(w.hosts), live: len(live), kind: c.kind}
	r.settled = w.until(2*time.Minute, 50*time.Millisecond, func() bool { return o.converged(live, true) })
	if r.settled == never {
		o.fail("no agreement two minutes after all was healed:%s", o.report(live))
	} else {
		deaths := o.deaths
		w.run(40 * time.Second)
		if w.wire.loss == 0 && o.deaths != deaths {
			o.fail("%d deaths in 40 s without trouble", o.deaths-deaths)
		}
		w.load = 0 // with it there is always somebody who is suspected by somebody
		if w.until(5*time.Second, 20*time.Millisecond, func() bool { return o.converged(live, true) }) == never {
			o.fail("no agreement any more:%s", o.report(live))
		}
		o.bounds(live)
	}
	r.deaths, r.failures = o.deaths, o.failures
	return r
}
