package route

import (
	"sync"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/wire"
)

// Arrivals tells those who wait for a node that can run their command that there is
// a new offer of its function. Nobody waits most of the time, and a change costs one
// load then. The zero Arrivals are ready. It is safe for concurrent use.
type Arrivals struct {
	waiting atomic.Int64

	mu   sync.Mutex
	next map[string]chan struct{} // by function, of those that somebody has asked for: closed by the next change
}

// Join counts in somebody who waits, who is to Leave. Changes after that are
// never missed by who asks for the Next one, and then looks.
func (a *Arrivals) Join() { a.waiting.Add(1) }

// Leave counts out somebody who waits no more.
func (a *Arrivals) Leave() { a.waiting.Add(-1) }

// Next returns what the next change of a function's offers closes.
func (a *Arrivals) Next(function string) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.next == nil {
		a.next = make(map[string]chan struct{})
	}
	if a.next[function] == nil {
		a.next[function] = make(chan struct{})
	}
	return a.next[function]
}

// tell wakes who waits for a function.
func (a *Arrivals) tell(function string) {
	if a.waiting.Load() == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if next := a.next[function]; next != nil {
		close(next)
		delete(a.next, function)
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
	for _, next := range a.next {
		close(next)
	}
	clear(a.next)
}
