package route

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

// unusual reports whether a load may be one that was not measured.
func (l load) unusual() bool { return l.ns == 0 || l.ns >= unproven }

// loadOf returns the load of a place. That of one about which nothing is known is 0,
// for one call at a time.
func (t *Table[R]) loadOf(p *Place[R]) load {
	l := load{p.Node.InFlight.Load(), p.Health.ns.Load()}
	if l.ns == 0 || !p.Sound() {
		return t.unusualLoad(p, l)
	}
	return l
}

// unusualLoad is loadOf where that is not simply what was measured.
func (t *Table[R]) unusualLoad(p *Place[R], l load) load {
	switch {
	case p.Node.Suspect.Load():
		return load{ns: lastResort}
	case p.Health.Ejected():
		return t.loadOfEjected(&p.Health)
	case l.n > 0:
		return load{ns: unproven}
	default:
		return l
	}
}

// loadHere returns the load of a place at this node: nobody else can find out how long
// a call takes here, so that calls come as long as nothing is known.
func (t *Table[R]) loadHere(p *Place[R]) load {
	if p.Health.Ejected() {
		return t.loadOfEjected(&p.Health)
	}
	return load{p.Node.InFlight.Load(), p.Health.ns.Load()}
}

// loadOfEjected returns a load that attracts, if a probe is due.
func (t *Table[R]) loadOfEjected(h *Health) load {
	if t.home.Clock() < h.until.Load() {
		return load{ns: lastResort}
	}
	return load{}
}
