package mpreg

// load is what a further call would wait for, roughly: (n + 1) × ns.
type load struct{ n, ns int64 }

const (
	lastResort = int64(1) << 62 // the ns of who is ejected or suspect
	unproven   = lastResort / 2 // of whom nobody knows how long it takes, and a call is finding out
)

func (l load) product() int64 { return (l.n + 1) * l.ns }

// lighter reports whether a call waits less at l than at o. Latencies that differ by
// less than a quarter are the same: else of two that are alike the one that chance
// has made look faster would get all calls that come one after the other.
func (l load) lighter(o load) bool {
	if d := l.ns - o.ns; d <= o.ns/4 && -d <= l.ns/4 {
		return l.n < o.n
	}
	return l.product() < o.product()
}

// loadOf returns the load of a place. That of one about which nothing is known is 0,
// for one call at a time.
func (c *cluster) loadOf(p *place) load {
	l := load{p.member.inFlight.Load(), p.health.ns.Load()}
	if l.ns == 0 || !p.sound() {
		return c.unusualLoad(p, l)
	}
	return l
}

// unusualLoad is loadOf where that is not simply what was measured.
func (c *cluster) unusualLoad(p *place, l load) load {
	switch {
	case p.member.doubtful.Load():
		return load{ns: lastResort}
	case p.health.until.Load() != 0:
		return c.loadOfEjected(&p.health)
	case l.n > 0:
		return load{ns: unproven}
	default:
		return l
	}
}

// unusual reports whether a load may be one that was not measured.
func (l load) unusual() bool { return l.ns == 0 || l.ns >= unproven }

// loadOfEjected returns a load that attracts, if a probe is due.
func (c *cluster) loadOfEjected(h *health) load {
	if c.clock() < h.until.Load() {
		return load{ns: lastResort}
	}
	return load{}
}

// two picks two different places at random out of n, the lesser load of which is
// chosen then: of all ways to balance that know little, the one that avoids herds
// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001). Of
// one, both are that. Each half of dice makes one choice; its lowest bits matter
// little to either.
func two(dice uint64, n int) (int, int) {
	a := int(dice & (1<<32 - 1) * uint64(n) >> 32)
	b := int(dice >> 32 * uint64(max(n-1, 1)) >> 32)
	if b >= a && n > 1 {
		b++
	}
	return a, b
}
