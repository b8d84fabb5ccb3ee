package route

import (
	"sync"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/wire"
)

// Arrivals tells those who wait for a node that can run their call that there is a new
// offer of its function. Nobody waits most of the time, and a change costs one load
// then. A name is kept as long as somebody waits for it: callers make names up. The
// zero Arrivals are ready. It is safe for concurrent use.
type Arrivals struct {
	waiting atomic.Int64

	mu   sync.Mutex
	next map[string]*arrival // by function that somebody waits for
}

// arrival is the next change of a function's offers.
type arrival struct {
	waiting int
	change  chan struct{} // closed by it; nil if nobody has asked since the last one
}

// Join counts in somebody who waits for a function, who is to Leave. Changes after
// that are never missed by who asks for the Next one, and then looks.
func (a *Arrivals) Join(function string) {
	a.waiting.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == nil {
		a.next = make(map[string]*arrival)
	}
	if a.next[function] == nil {
		a.next[function] = new(arrival)
	}
	a.next[function].waiting++
}

// Leave counts out somebody who has joined.
func (a *Arrivals) Leave(function string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.next[function]; n.waiting > 1 {
		n.waiting--
	} else {
		delete(a.next, function)
	}
	a.waiting.Add(-1)
}

// Next returns what the next change of a function's offers closes, for who has joined.
func (a *Arrivals) Next(function string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.next[function]
	if n.change == nil {
		n.change = make(chan struct{})
	}
	return n.change
}

// tell wakes who waits for a function.
func (a *Arrivals) tell(function string) {
	if a.waiting.Load() == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.next[function].tell()
}

func (n *arrival) tell() {
	if n != nil && n.change != nil {
		close(n.change)
		n.change = nil
	}
}

// tellOf wakes who waits for what a node offers.
func (a *Arrivals) tellOf(c *wire.Catalog) {
	if a.waiting.Load() == 0 || c == nil {
		return
	}
	for i := range c.Functions {
		a.tell(c.Functions[i].Name)
	}
}

// tellAll wakes all who wait.
func (a *Arrivals) tellAll() {
	if a.waiting.Load() == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.next {
		n.tell()
	}
}
