package gossip_test

import (
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// send sends a message of the machine's.
func (p *process) send(to string, g *wire.Gossip) {
	w := p.w
	if err := p.frame.Gossip(g); err != nil {
		w.oracle.fail("%v sends what is no frame: %v", p, err)
		return
	}
	e := p.links[to]
	if e == nil || e.silent {
		return
	}
	size := p.frame.Size()
	w.oracle.sends(p, g, size)
	w.cores.use(w.now, sendCost, w.slow)
	pk := packet{kind: packetGossip, bytes: onWebsocket(size, e.side == 0), cost: costOf(g, size)}
	w.net.count(kindOf(g), pk.bytes)
	p.tx += int64(pk.bytes)
	e.other().process.rx += int64(pk.bytes)
	times := 1
	if w.wire.loss > 0 && w.rng.Float64() < w.wire.loss {
		return
	}
	if w.wire.twice > 0 && w.rng.Float64() < w.wire.twice {
		times = 2
	}
	for range times {
		if w.wire.encoded {
			pk.frame = joined(&p.frame)
		} else {
			pk.gossip = copied(g)
		}
		e.send(pk)
	}
}

// receive takes what comes in on an end of this process.
func (p *process) receive(e *end, pk packet) {
	if !e.open && !e.retired {
		return
	}
	switch pk.kind {
	case packetHello:
		if e.side == 1 {
			p.greeted(e)
		} else {
			p.welcomed(e)
		}
	case packetClose:
		p.closed(e, pk.loss)
	case packetGossip:
		p.told(e, pk)
	}
}

// greeted takes the HELLO of who dialed.
func (p *process) greeted(e *end) {
	from := e.other().process
	old := p.links[from.id]
	switch {
	case from == p:
		a := e.other().attempt
		e.open, e.other().open = false, false
		if a.end == e.other() {
			a.done(gossip.DialResult{Node: p.id, Incarnation: p.incarnation, Outcome: gossip.Self})
		}
		return
	case from.id == p.id, old != nil && !old.silent && old.other().process != from && from.incarnation < old.other().process.incarnation:
		e.close(gossip.Closed) // the id is taken
		return
	}
	e.peer = from.id
	e.sendHello()
	p.linked(e)
}

// welcomed takes the HELLO of who was dialed: the attempt has succeeded.
func (p *process) welcomed(e *end) {
	q := e.other().process
	a := e.attempt
	e.peer, a.end = q.id, nil
	r := gossip.DialResult{Node: q.id, Incarnation: q.incarnation, Outcome: gossip.Linked}
	if a.dial.Node != "" && a.dial.Node != q.id {
		r.Outcome = gossip.Other
	}
	if p.w.rng.IntN(2) == 0 { // both orders happen
		p.linked(e)
		a.done(r)
	} else {
		a.done(r)
		p.linked(e)
	}
}

// linked has a link that works. Of two between the same processes the one stays
// that the lower id dialed. Of two that one end dialed, that end keeps the first
// unless it went silent; the other uses the newer, and goes back when it is closed.
func (p *process) linked(e *end) {
	old := p.links[e.peer]
	switch {
	case old == nil || !old.open:
	case old.silent || old.other().process != e.other().process:
		old.retire()
	case old.side == e.side && e.side == 0, old.side != e.side && (p.id < e.peer) == (old.side == 0):
		e.retire()
		return
	case old.side != e.side:
		old.retire()
	}
	p.use(e)
}

// use makes an end the link to its peer.
func (p *process) use(e *end) {
	e.silent = false
	p.links[e.peer] = e
	p.step(func(now time.Duration) { p.machine.Up(now, e.peer, e.side == 0) })
}

// told takes a gossip message.
func (p *process) told(e *end, pk packet) {
	g := pk.gossip
	if pk.frame != nil {
		_, body, err := wire.DecodeFrameHead(pk.frame)
		if err == nil {
			g, err = wire.DecodeGossip(body)
		}
		if err != nil {
			p.w.oracle.fail("a frame that was encoded can't be decoded: %v", err)
			return
		}
	}
	if current := p.links[e.peer]; e.open && (current == nil || current.silent) {
		p.use(e)
	}
	p.step(func(now time.Duration) {
		p.machine.Heard(e.peer, now)
		p.machine.Receive(now, e.peer, g)
	})
}

// closed has lost a connection.
func (p *process) closed(e *end, loss gossip.Loss) {
	if !e.open {
		return
	}
	e.open = false
	if a := e.attempt; a != nil && a.end == e {
		a.end, a.refused = nil, false
		a.next()
		return
	}
	if p.links[e.peer] != e {
		return
	}
	for _, another := range p.ends {
		if another.open && another.peer == e.peer && another.other().process == e.other().process {
			p.use(another)
			return
		}
	}
	delete(p.links, e.peer)
	if e.silent && p.w.rng.IntN(2) == 0 {
		return // the machine has given it up already, and need not be told
	}
	p.step(func(now time.Duration) { p.machine.Down(now, e.peer, loss) })
}

// call opens a link that no machine asked for, as a call to a node does.
func (p *process) call(q *process) {
	if p.links[q.id] == nil {
		p.w.net.dial(p, gossip.Dial{Node: q.id, URLs: q.host.urls})
	}
}
