package gossip_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
)

// The simulator runs whole clusters of machines in one goroutine and in virtual
// time. Everything that happens is an event of one queue, and everything that is
// left to chance comes from one seed: a run that failed is run again, to the
// event, by
//
//	go test ./internal/gossip -run Sim -seed N -nodes M -v
//
// simnet_test.go has the network, simprocess_test.go what stands around a machine
// in a real node, siminvariants_test.go what must hold.
var (
	seedFlag   = flag.Uint64("seed", 0, "simulate only the chaos run of this seed")
	nodesFlag  = flag.Int("nodes", 0, "how many nodes the run of -seed, or the scenario, has; 0: as the seed says")
	longFlag   = flag.Bool("long", false, "simulate hundreds of chaos runs, and scenarios of up to 1,000 nodes")
	mixedFlag  = flag.Bool("mixed", false, "with -nodes: in the scenario not all nodes can be dialed")
	eventsFlag = flag.Bool("events", false, "with -seed: log every event that machines report")
)

// world is a simulated cluster with its network and its clock.
type world struct {
	now    time.Duration
	rng    *rand.Rand
	queue  eventQueue
	net    network
	hosts  []*host
	byURL  map[string]*host
	oracle oracle
	wire   wireMode
	bodies int // bytes of a catalog, about
	timing gossip.Timing
	most   int           // Config.MaxMembers
	cores  cores         // that all processes share; none: everything takes no time
	slow   int           // how many times slower than they are
	prompt bool          // timers go before what waits for its turn
	load   time.Duration // what a process waits for its turn, at most, but for 1 of 500 times
	traces func(format string, args ...any)

	lives int // processes that were started
}

// wireMode says how messages travel.
type wireMode struct {
	encoded bool          // as frames, decoded by the receiver; else copied
	loss    float64       // of messages: far worse than TCP, which loses none
	twice   float64       // of messages that come twice
	late    time.Duration // messages overtake each other by up to this
}

func newWorld(seed uint64) *world {
	w := &world{
		rng:    rand.New(rand.NewPCG(seed, 0x6d70726567)),
		byURL:  make(map[string]*host),
		bodies: 300,
		slow:   1,
	}
	w.net.init(w, seed)
	w.oracle.init(w)
	return w
}

// after runs fn when d has passed.
func (w *world) after(d time.Duration, fn func()) { w.at(w.now+d, fn) }

// at runs fn at a time, in the order in which it was told of those of one time.
func (w *world) at(t time.Duration, fn func()) { w.queue.push(max(t, w.now), fn) }

// run lets d pass.
func (w *world) run(d time.Duration) {
	end := w.now + d
	for len(w.queue.heap) > 0 && w.queue.heap[0].at <= end {
		e := w.queue.pop()
		w.now = e.at
		e.fn()
	}
	w.now = end
}

// never is what until returns if its condition did not come true.
const never = time.Duration(-1)

// until lets time pass until a condition is true, looking each step, and returns
// how long that took, or never.
func (w *world) until(limit, step time.Duration, ok func() bool) time.Duration {
	begin := w.now
	for {
		if ok() {
			return w.now - begin
		}
		if w.now-begin >= limit {
			return never
		}
		w.run(step)
	}
}

// chance returns a random time below d.
func (w *world) chance(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rng.Int64N(int64(d)))
}

func (w *world) trace(format string, args ...any) {
	if w.traces != nil {
		w.traces("%v "+format, append([]any{w.now.Round(time.Microsecond)}, args...)...)
	}
}

// live returns the processes that run, in the order of their hosts.
func (w *world) live() []*process {
	var out []*process
	for _, h := range w.hosts {
		if h.process != nil && !h.process.frozen {
			out = append(out, h.process)
		}
	}
	return out
}

// event is something that happens.
type event struct {
	at  time.Duration
	seq uint64
	fn  func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

// eventQueue is a heap with four children a node: its events are many and cheap,
// and the depth is what costs.
type eventQueue struct {
	heap []event
	seq  uint64
}

func (q *eventQueue) push(at time.Duration, fn func()) {
	q.seq++
	e := event{at, q.seq, fn}
	q.heap = append(q.heap, e)
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if q.heap[parent].before(&e) {
			break
		}
		q.heap[i] = q.heap[parent]
		i = parent
	}
	q.heap[i] = e
}

func (q *eventQueue) pop() event {
	first := q.heap[0]
	n := len(q.heap) - 1
	e := q.heap[n]
	q.heap[n] = event{} // lets go of what its function holds
	q.heap = q.heap[:n]
	if n == 0 {
		return first
	}
	i := 0
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for c := least + 1; c < min(4*i+5, n); c++ {
			if q.heap[c].before(&q.heap[least]) {
				least = c
			}
		}
		if e.before(&q.heap[least]) {
			break
		}
		q.heap[i] = q.heap[least]
		i = least
	}
	q.heap[i] = e
	return first
}

// mix hashes two numbers.
func mix(a, b uint64) uint64 {
	x := a ^ b*0x9e3779b97f4a7c15
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return x ^ x>>32
}

// shown is a time for a table.
func shown(d time.Duration) string {
	if d == never {
		return "NEVER"
	}
	return fmt.Sprint(d.Round(time.Millisecond))
}
