package gossip_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

const (
	dialTimeout  = 2 * time.Second      // of one URL, from SYN to HELLO
	writeTimeout = 30 * time.Second     // after which a socket that can't send ends
	acceptCost   = time.Millisecond / 2 // a host accepts one link after the other
	bitsPerSec   = 1e9                  // of a host's line, each way
	helloBytes   = 300                  // a HELLO without a catalog, about
)

// network is what lies between the hosts. A packet is a websocket message. What
// TCP does with a cut is what it does here: nothing is lost, what was sent waits,
// and comes after the cut has healed, the later the longer it lasted.
type network struct {
	w      *world
	seed   uint64
	cut    func(from, to int) bool // packets between these hosts don't pass; nil: all pass
	conns  []*conn                 // those of which at least one end is open
	bytes  [kinds]int64
	frames [kinds]int64
	dials  int64
}

func (n *network) init(w *world, seed uint64) { n.w, n.seed = w, seed }

func (n *network) isCut(from, to int) bool { return n.cut != nil && n.cut(from, to) }

// passes reports whether packets pass both ways.
func (n *network) passes(a, b int) bool { return !n.isCut(a, b) && !n.isCut(b, a) }

// latency is of one packet: a value of its own for each pair of hosts, between 0.2
// and 50 ms, small ones as frequent as large ones, and a jitter of 10 %.
func (n *network) latency(a, b int) time.Duration {
	pair := rand.New(rand.NewPCG(n.seed, uint64(min(a, b))<<32|uint64(max(a, b))))
	ms := 0.2 * math.Pow(250, pair.Float64())
	return time.Duration(ms * (0.9 + 0.2*n.w.rng.Float64()) * float64(time.Millisecond))
}

// conn is a TCP connection with a websocket on it. Its first end dialed.
type conn struct {
	n    *network
	ends [2]*end
}

// end is one end of a conn. It outlives its process: the other end may still send.
type end struct {
	conn    *conn
	side    int
	host    *host
	process *process
	peer    string // the id that the other end said; empty before its HELLO
	open    bool
	silent  bool // the machine said so, and nothing came since
	retired bool // this end closed it for another link, and still reads
	attempt *attempt

	arrives time.Duration // when the last packet to this end comes in
	held    []packet      // that were sent to this end, and wait for a cut to heal
	heldAt  time.Duration // since when
}

func (e *end) other() *end { return e.conn.ends[1-e.side] }

type packetKind uint8

const (
	packetHello packetKind = iota
	packetGossip
	packetClose
)

// packet is what goes over a conn. bytes includes the websocket's header: 2 or 4
// bytes, and 4 more for the mask where the dialing end sends.
type packet struct {
	kind   packetKind
	bytes  int
	gossip *wire.Gossip  // or
	frame  []byte        // the same, encoded
	loss   gossip.Loss   // of packetClose
	cost   time.Duration // to receive it
}

// send puts a packet on its way to the other end.
func (e *end) send(p packet) {
	n, to := e.conn.n, e.other()
	w := n.w
	if n.isCut(e.host.index, to.host.index) || !to.host.up {
		e.hold(p)
		return
	}
	start := w.now
	if p.bytes > 1500 { // the small ones go between
		d := time.Duration(float64(p.bytes) * 8 / bitsPerSec * float64(time.Second))
		start = max(start, e.host.sends) + d
		e.host.sends = start
		start = max(start, to.host.receives) + d
		to.host.receives = start
	}
	at := max(start+n.latency(e.host.index, to.host.index), to.arrives+1)
	if w.wire.late > 0 && p.kind == packetGossip {
		at += w.chance(w.wire.late) // and to.arrives stays: others may overtake it
	} else {
		to.arrives = at
	}
	w.at(at, func() { to.receive(p) })
}

// hold keeps what can't get to the other end. Nobody waits for ever: a write
// deadline or a missing pong ends the connection.
func (e *end) hold(p packet) {
	w, to := e.conn.n.w, e.other()
	if len(to.held) == 0 {
		to.heldAt = w.now
		since := w.now
		w.after(writeTimeout, func() {
			if len(to.held) > 0 && to.heldAt == since && e.open {
				e.process.do(func() { e.process.closed(e, gossip.Lost) })
			}
		})
	}
	to.held = append(to.held, p)
}

// receive takes a packet where it comes in, or answers with a reset.
func (e *end) receive(p packet) {
	from := e.other()
	if e.open || e.retired && e.process.alive {
		e.process.work(max(p.cost, eventCost), func() { e.process.receive(e, p) })
		return
	}
	if p.kind == packetClose || !from.open {
		return
	}
	e.reset()
}

// reset tells the other end that this one is gone.
func (e *end) reset() {
	n, to := e.conn.n, e.other()
	if n.isCut(e.host.index, to.host.index) || !e.host.up {
		return
	}
	n.w.after(n.latency(e.host.index, to.host.index), func() {
		if to.open {
			to.process.do(func() { to.process.closed(to, gossip.Lost) })
		}
	})
}

// close closes this end; the other learns of it behind all that was sent.
func (e *end) close(loss gossip.Loss) {
	if !e.open {
		return
	}
	e.open = false
	if e.other().open {
		e.send(packet{kind: packetClose, loss: loss})
	}
}

// retire closes this end in favour of another link. As in a node, what the other
// end sent until it learns of that is still read.
func (e *end) retire() {
	e.retired = true
	e.close(gossip.Closed)
}

// vanish closes this end without a word, as a host does that loses power.
func (e *end) vanish() { e.open = false }

// setCut changes which packets pass.
func (n *network) setCut(cut func(from, to int) bool) {
	n.w.oracle.cutChanges(n.cut)
	n.cut = cut
	n.w.oracle.cutChanges(cut)
	open := n.conns[:0]
	for _, c := range n.conns {
		if c.ends[0].open || c.ends[1].open {
			open = append(open, c)
			c.ends[0].release()
			c.ends[1].release()
		}
	}
	clear(n.conns[len(open):])
	n.conns = open
}

// maxStall bounds the wait for a retransmission after a cut has healed.
const maxStall = 20 * time.Second

// release lets what was held come in, if it can: retransmissions back off, so it
// takes the longer the longer it was held, and the oracle has to know.
func (e *end) release() {
	n := e.conn.n
	if len(e.held) == 0 || !e.host.up || !n.passes(e.host.index, e.other().host.index) {
		return
	}
	w := n.w
	stall := w.chance(min(w.now-e.heldAt, maxStall) + 1)
	at := w.now + n.latency(e.host.index, e.other().host.index) + stall
	for _, p := range e.held {
		at = max(at, e.arrives) + 1
		e.arrives = at
		w.at(at, func() { e.receive(p) })
	}
	e.held = nil
	w.oracle.stalls(e.host, e.other().host, at)
}
