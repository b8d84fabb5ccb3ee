package gossip_test

import (
	"fmt"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// process is what stands around a machine in a real node: links that are made,
// settled and lost, the timer, and the operating system that may stop it.
type process struct {
	w           *world
	host        *host
	life        int // a number that no other process has
	id          string
	incarnation int64
	machine     *gossip.Machine
	alive       bool
	leaving     bool
	started     time.Duration
	skew        time.Duration // of its monotonic clock against the world's

	links map[string]*end // that the machine was told of
	ends  []*end          // all of its connections

	frozen bool
	inbox  []func()      // what came in meanwhile
	free   time.Duration // when it gets to run what comes in now
	armed  time.Duration // when the timer fires; 0: it is not set
	due    bool          // it has fired, and the process did not get to it yet
	spins  int

	content int // version of what it offers, in the simulator's count
	keeps   bool
	frame   wire.Frame
	seen    map[string]sight
	tx, rx  int64
}

func (p *process) String() string { return fmt.Sprintf("node %d (%.8s)", p.host.index, p.id) }

// clock is the process's monotonic clock.
func (p *process) clock() time.Duration { return p.w.now + p.skew }

// do runs fn now, or when the process gets to it, or never. The order stays.
func (p *process) do(fn func()) { p.work(eventCost, fn) }

// work is do of what takes some time of a core.
func (p *process) work(cost time.Duration, fn func()) {
	w := p.w
	wait := w.cores.use(w.now, cost, w.slow)
	switch {
	case w.load > 0 && w.rng.IntN(500) == 0:
		wait += w.chance(3 * time.Second) // a collection, or others' turn
	case w.load > 0:
		wait += w.chance(w.load)
	case len(w.cores) == 0:
		p.enqueue(fn)
		return
	}
	p.free = max(p.free+1, w.now+wait)
	w.at(p.free, func() { p.enqueue(fn) })
}

func (p *process) enqueue(fn func()) {
	switch {
	case !p.alive:
	case p.frozen:
		p.inbox = append(p.inbox, fn)
	default:
		fn()
	}
}

// step tells the machine something, and does what it asks for.
func (p *process) step(fn func(now time.Duration)) {
	if !p.alive {
		return
	}
	fn(p.clock())
	p.settle()
}

// settle does what the machine asks for, and sets the timer.
func (p *process) settle() {
	for range 100 {
		out := p.machine.Take()
		if p.obey(&out) {
			p.arm()
			return
		}
	}
	p.w.oracle.fail("%v asks for something without end", p)
}

// obey does what is asked for, and reports whether the machine was told nothing
// more by that.
func (p *process) obey(out *gossip.Output) bool {
	for _, e := range out.Events {
		p.w.oracle.event(p, e)
	}
	for _, n := range out.Notes {
		p.w.oracle.note(p, n)
	}
	for _, s := range out.Sends {
		p.send(s.To, s.Gossip)
	}
	for _, id := range out.Silent {
		if e := p.links[id]; e != nil {
			e.silent = true
		}
	}
	for _, d := range out.Dials {
		p.w.net.dial(p, d)
	}
	for _, id := range out.Unused {
		if e := p.links[id]; e != nil && !p.keeps {
			e.close(gossip.Closed)
			delete(p.links, id)
			p.machine.Down(p.clock(), id, gossip.Closed)
		}
	}
	return len(out.Unused) == 0
}

// arm sees to it that the machine advances when it has something to do.
func (p *process) arm() {
	if p.due {
		return
	}
	at := max(p.machine.Next()-p.skew, p.w.now)
	if p.armed != 0 && p.armed <= at {
		return
	}
	p.armed = at
	p.w.at(at, func() {
		if p.armed == at {
			p.armed, p.due = 0, true
			if p.w.prompt {
				p.enqueue(p.advance)
			} else {
				p.do(p.advance)
			}
		}
	})
}

// advance is the timer's. It must not be due again at once, for ever.
func (p *process) advance() {
	p.due = false
	now := p.clock()
	if p.machine.Next() > now {
		p.arm()
		return
	}
	p.machine.Advance(now)
	if p.machine.Next() > now {
		p.spins = 0
	} else if p.spins++; p.spins > 100 {
		p.w.oracle.fail("%v is due again and again without getting on: next %v, now %v", p, p.machine.Next(), now)
		p.alive = false
		return
	}
	p.settle()
}

// crash ends the process; its kernel says so to everybody.
func (p *process) crash() { p.end(gossip.Lost) }

func (p *process) end(loss gossip.Loss) {
	p.w.trace("%v ends", p)
	p.alive, p.frozen, p.inbox = false, false, nil
	p.host.process = nil
	p.w.oracle.ends(p)
	for _, e := range p.ends {
		e.close(loss)
	}
}

// powerOff ends the process without a word, and its host answers nobody.
func (p *process) powerOff() {
	for _, e := range p.ends {
		e.vanish()
	}
	p.host.up = false
	p.crash()
}

// leave says goodbye, and ends the process when that had time to spread.
func (p *process) leave() {
	p.leaving = true
	p.w.oracle.ends(p)
	p.step(p.machine.Leave)
	p.w.after(50*time.Millisecond+p.w.chance(200*time.Millisecond), func() {
		p.do(func() { p.end(gossip.Closed) })
	})
}

// freeze stops the process. With d it goes on after that: the late timer first in
// most cases, the worst for a clock that takes itself to be right.
func (p *process) freeze(d time.Duration) {
	p.frozen = true
	p.w.oracle.freezes(p)
	if d > 0 {
		p.w.after(d, p.thaw)
	}
}

func (p *process) thaw() {
	if !p.alive || !p.frozen {
		return
	}
	p.w.oracle.thaws(p)
	p.frozen = false
	if p.w.rng.IntN(4) > 0 {
		p.advance()
	}
	inbox := p.inbox
	p.inbox = nil
	for _, fn := range inbox {
		p.enqueue(fn)
	}
	p.do(p.advance)
}

// jump lets the process's clock jump ahead, as when a machine was suspended.
func (p *process) jump(d time.Duration) {
	p.skew += d
	p.armed = 0
	p.do(p.arm)
}
