package gossip_test

import (
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
)

// attempt is a dial of a machine's: its URLs, one after the other.
type attempt struct {
	process *process
	dial    gossip.Dial
	urls    []string
	refused bool // by all so far
	end     *end // of the URL that is tried
	try     int  // which one; older timers are void
	began   time.Duration
}

// dial begins an attempt.
func (n *network) dial(p *process, d gossip.Dial) {
	a := &attempt{process: p, dial: d, urls: d.URLs, refused: true, began: n.w.now}
	if d.Seed != "" {
		a.urls = []string{d.Seed}
	}
	a.next()
}

// next tries the next URL.
func (a *attempt) next() {
	if a.try == len(a.urls) {
		outcome := gossip.NoAnswer
		if a.refused && a.try > 0 {
			outcome = gossip.Refused
		}
		took := a.process.w.now - a.began
		a.done(gossip.DialResult{Outcome: outcome, Late: took > time.Duration(a.try)*dialTimeout+dialTimeout/8})
		return
	}
	w := a.process.w
	to := w.resolve(a.urls[a.try], a.process.host)
	a.try++
	try := a.try
	w.net.dials++
	w.after(dialTimeout, func() { a.later(try, a.timeout) })
	if to == nil {
		return // an address where nobody is
	}
	from := a.process.host
	w.after(w.net.latency(from.index, to.index), func() { a.syn(to, try) })
}

// URLs that do not lead to the same host each time: behind the balancer are those
// that run and have a URL, another one each time, and loopback is whoever dials it.
const (
	balancer = "ws://balancer:9000"
	loopback = "ws://localhost:9000"
)

// resolve returns the host to which a URL leads from another; nil if to none.
func (w *world) resolve(url string, from *host) *host {
	if url == loopback {
		return from
	}
	if url != balancer {
		return w.byURL[url]
	}
	var behind []*host
	for _, h := range w.hosts {
		if h.process != nil && len(h.urls) > 0 {
			behind = append(behind, h)
		}
	}
	if len(behind) == 0 {
		return nil
	}
	return behind[w.rng.IntN(len(behind))]
}

// later runs fn in the process, unless the attempt has gone on.
func (a *attempt) later(try int, fn func()) {
	a.process.do(func() {
		if a.try == try {
			fn()
		}
	})
}

func (a *attempt) timeout() {
	a.refused = false
	if a.end != nil {
		a.end.close(gossip.Closed)
		a.end = nil
	}
	a.next()
}

// syn arrives at a host.
func (a *attempt) syn(to *host, try int) {
	w, from := a.process.w, a.process.host
	latency := w.net.latency(from.index, to.index)
	switch {
	case !to.up || !w.net.passes(from.index, to.index):
	case to.process == nil:
		w.after(latency, func() { a.later(try, a.next) })
	case !to.process.frozen && a.process.alive:
		to.accepts = max(to.accepts, w.now) + acceptCost
		q := to.process
		w.at(to.accepts+3*latency, func() { // SYN-ACK, upgrade, its answer: then HELLO
			if a.try == try && a.process.alive && !a.process.frozen && q.alive && !q.frozen && w.net.passes(from.index, to.index) {
				a.hello(q)
			}
		})
	}
}

// hello opens the connection on which the dialing end says HELLO.
func (a *attempt) hello(q *process) {
	n := &a.process.w.net
	c := &conn{n: n}
	for i, p := range []*process{a.process, q} {
		c.ends[i] = &end{conn: c, side: i, host: p.host, process: p, open: true}
		if len(p.ends) > 64+2*len(p.links) {
			p.ends = slices.DeleteFunc(p.ends, func(e *end) bool { return !e.open })
		}
		p.ends = append(p.ends, c.ends[i])
	}
	a.end = c.ends[0]
	a.end.attempt = a
	n.conns = append(n.conns, c)
	a.end.sendHello()
}

func (e *end) sendHello() {
	e.conn.n.count(kindHello, helloBytes)
	e.send(packet{kind: packetHello, bytes: helloBytes, cost: dialCost})
}

// done tells the machine.
func (a *attempt) done(r gossip.DialResult) {
	a.try = -1
	p := a.process
	p.step(func(now time.Duration) { p.machine.DialDone(now, a.dial, r) })
}
