package gossip_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// grace is how long what had a cause may show: silence, the longest
	// suspicion, a tombstone that goes round, and what was damped.
	grace = 20 * time.Second

	// stallAllowed is the longest stop of a process that must kill nobody:
	// Silence + Quorum less a tick, and less the latencies.
	stallAllowed = 5 * time.Second

	// zombieAfter is how long after its end a node may still become live in a
	// view that had not heard of it.
	zombieAfter = 90 * time.Second
)

// oracle knows what is true, and compares the machines' word with it.
//
// A node that lives and is declared dead has been wronged, unless there was a
// cause: (1) it, or who declares it dead, was cut off from a fourth of the hosts
// or more, one way or both, at that time or up to grace before, where what TCP
// held back counts until it came in; (2) its process stood still for more than
// stallAllowed of the last grace; (3) it started within grace, and the death is
// of the life before; or (4) messages are lost, which TCP does not do.
type oracle struct {
	w        *world
	failures []string
	deaths   int // that machines told of
	wronged  int
	ended    map[string]time.Duration // ids whose last process ended: when
	running  map[string][]*process
	excused  []excuse // by host
	lax      bool     // several processes share an id, or records are forged
	badAt    int      // where converged found a difference last
	notes    map[gossip.NoteKind]int
}

// excuse says until when a host may be held for dead.
type excuse struct {
	isCut  bool
	until  time.Duration
	froze  time.Duration // since when it is frozen
	stalls []stall
}

type stall struct{ end, length time.Duration }

// sight is what a machine was last seen to hold of a node.
type sight struct {
	stamp wire.Stamp
	body  uint64
}

func (o *oracle) init(w *world) {
	o.w = w
	o.ended, o.running = make(map[string]time.Duration), make(map[string][]*process)
	o.notes = make(map[gossip.NoteKind]int)
}

// fail notes what must not be.
func (o *oracle) fail(format string, args ...any) {
	text := fmt.Sprintf("%v: "+format, append([]any{o.w.now.Round(time.Microsecond)}, args...)...)
	o.w.trace("FAILURE %s", text)
	if len(o.failures) < 20 {
		o.failures = append(o.failures, text)
	}
}

func (o *oracle) boots(p *process) {
	o.running[p.id] = append(o.running[p.id], p)
	delete(o.ended, p.id)
}

func (o *oracle) ends(p *process) {
	left := slices.DeleteFunc(o.running[p.id], func(q *process) bool { return q == p })
	if o.running[p.id] = left; len(left) == 0 {
		if _, told := o.ended[p.id]; !told {
			o.ended[p.id] = o.w.now
		}
	}
}

// cutChanges is called with the old cut and then with the new one.
func (o *oracle) cutChanges(cut func(from, to int) bool) {
	n := len(o.w.hosts)
	for a := range n {
		e := &o.excused[a]
		if e.isCut {
			e.until = max(e.until, o.w.now+grace)
		}
		count := 0
		for b := 0; cut != nil && b < n; b++ {
			if a != b && (cut(a, b) || cut(b, a)) {
				count++
			}
		}
		e.isCut = count > 0 && 4*count >= n-1
	}
}

// stalls tells when the last of what was held back for one of two hosts comes in.
func (o *oracle) stalls(a, b *host, at time.Duration) {
	for _, h := range []*host{a, b} {
		if e := &o.excused[h.index]; e.isCut || o.w.now < e.until {
			e.until = max(e.until, at+grace)
		}
	}
}

func (o *oracle) freezes(p *process) { o.excused[p.host.index].froze = o.w.now }

func (o *oracle) thaws(p *process) {
	e := &o.excused[p.host.index]
	e.stalls = slices.DeleteFunc(e.stalls, func(s stall) bool { return o.w.now-s.end > grace })
	e.stalls = append(e.stalls, stall{o.w.now, o.w.now - e.froze})
	sum := time.Duration(0)
	for _, s := range e.stalls {
		sum += s.length
	}
	if sum > stallAllowed {
		e.until = max(e.until, o.w.now+grace)
	}
}

func (o *oracle) hasCause(h *host) bool {
	e := o.excused[h.index]
	return e.isCut || o.w.now < e.until
}

func (o *oracle) note(p *process, n gossip.Note) {
	o.notes[n.Kind]++
	p.w.trace("%v notes: %v of %.8s from %.8s", p, n.Kind, n.ID, n.From)
	if n.Kind == gossip.Malformed && !o.lax {
		o.fail("%v was sent something malformed of %.8s by %.8s", p, n.ID, n.From)
	}
}

// event checks what a machine tells.
func (o *oracle) event(p *process, e gossip.Event) {
	m, known := p.machine.Member(e.ID)
	o.w.trace("%v: %v %.8s %v", p, e.Kind, e.ID, stampOf(m))
	if e.ID == p.id {
		o.fail("%v tells of itself: %v", p, e.Kind)
		return
	}
	if e.Kind == gossip.Forgotten {
		delete(p.seen, e.ID)
		return
	}
	if !known {
		o.fail("%v tells that %.8s %v, and does not know it", p, e.ID, e.Kind)
		return
	}
	now := sight{stampOf(m), m.Body}
	was := p.seen[e.ID]
	p.seen[e.ID] = now
	if now.stamp.Compare(was.stamp) < 0 || now.stamp == was.stamp && now.body < was.body {
		o.fail("%v: an older record of %.8s replaced a newer: %v body %d after %v body %d", p, e.ID, now.stamp, now.body, was.stamp, was.body)
	}
	switch e.Kind {
	case gossip.Died:
		o.died(p, e.ID, now.stamp)
	case gossip.Joined:
		if at, gone := o.ended[e.ID]; gone && o.w.now-at > zombieAfter && !o.lax {
			o.fail("%v: %.8s joins as %v, %v after its end", p, e.ID, now.stamp, o.w.now-at)
		}
	}
}

func (o *oracle) died(p *process, id string, s wire.Stamp) {
	o.deaths++
	for _, q := range o.running[id] {
		if o.lax || q.frozen || q.leaving || o.w.now-q.started < grace || o.w.wire.loss > 0 || o.hasCause(q.host) || o.hasCause(p.host) {
			continue
		}
		o.wronged++
		o.fail("%v declares %v %v dead without cause, as %v", p, q, q.host.urls, s)
	}
}

// sends checks a message's size: large ones would keep small ones waiting.
func (o *oracle) sends(p *process, g *wire.Gossip, size int) {
	if o.lax {
		return
	}
	const most = 40 << 10
	switch kindOf(g) {
	case kindTick:
		if size > 16 { // 14 and a load of some hundreds
			o.fail("%v sends a tick of %d bytes", p, size)
		}
	case kindBody:
		if size > most && len(g.Bodies) > 1 {
			o.fail("%v sends %d bodies in a message of %d bytes", p, len(g.Bodies), size)
		}
	default:
		if size > most {
			o.fail("%v sends a message of %d bytes: %s", p, size, kindNames[kindOf(g)])
		}
	}
}
