package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// scenario is all that a seed fixes.
type scenario struct {
	seed      uint64
	nodes     int
	lasts     time.Duration
	latency   time.Duration
	drain     time.Duration
	hidden    int      // how many nodes, the last ones, no other can dial
	memory    int64    // for leases, in bytes: more go to files
	leased    int64    // the most that is leased, in bytes: more is sent
	kinds     []string // of faults
	functions []*function
	clients   []*caller
	calls     []*call
	faults    []fault
}

func newScenario(seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 0))
	s := &scenario{
		seed: seed, nodes: 3 + r.IntN(4), lasts: 20 * time.Second, latency: time.Duration(r.IntN(3)) * time.Millisecond,
		drain: []time.Duration{time.Second, 5 * time.Second, 30 * time.Second}[r.IntN(3)],
	}
	if *long {
		s.nodes, s.lasts = 3+r.IntN(10), 2*time.Minute
	}
	if r.IntN(4) == 0 {
		s.hidden = 1
	}
	s.memory = []int64{0, 300 << 10}[r.IntN(2)]
	s.leased = []int64{0, 0, 1 << 20}[r.IntN(3)]
	rate := 8 // calls a second
	if *long {
		rate = 10 + r.IntN(30)
	}
	switch seed % 8 {
	case 0: // nothing happens
	case 1:
		s.kinds, s.drain = []string{"drain"}, 30*time.Second // longer than any call
	case 2:
		s.kinds = []string{"kill"}
	case 3:
		s.kinds = []string{"freeze", "partition", "cut"}
	case 4:
		s.kinds = []string{"hang up", "withdraw"}
	default:
		s.kinds = []string{"kill", "drain", "freeze", "partition", "cut", "hang up", "withdraw"}
	}
	s.functions = newFunctions(r, s.nodes)
	for range 3 + r.IntN(3) {
		s.clients = append(s.clients, newCaller(r, s.nodes, s.hidden))
	}
	s.faults = newFaults(r, s)
	for i := range rate * int(s.lasts/time.Second) {
		s.calls = append(s.calls, s.newCall(r, fmt.Sprintf("r%d", i)))
	}
	return s
}

func (s *scenario) newCall(r *rand.Rand, id string) *call {
	c := &call{
		id: id, at: time.Duration(r.Int64N(int64(s.lasts))), client: r.IntN(len(s.clients)),
		graph:   newGraph(r, id, drawShape(r), s.functions, s.nodes),
		timeout: 100*time.Millisecond + time.Duration(r.Int64N(int64(15*time.Second))),
	}
	if r.IntN(12) == 0 {
		c.cancel = 1 + time.Duration(r.Int64N(int64(2*time.Second)))
	}
	c.options.idempotent = r.IntN(8) == 0
	c.options.wait = r.IntN(6) == 0
	c.options.events = r.IntN(6) == 0
	c.options.levels = r.IntN(6) == 0
	if r.IntN(6) == 0 {
		c.options.hedge = 1 + time.Duration(r.Int64N(int64(time.Second)))
	}
	if r.IntN(3) == 0 {
		c.options.leave = 1 + r.IntN(100)
	}
	if r.IntN(2) == 0 {
		c.options.dally = time.Duration(r.Int64N(int64(50 * time.Millisecond)))
	}
	return c
}
