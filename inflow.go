package mpreg

import (
	"sync"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// The window of a stream: how many items, and bytes of items, the other end may
// send before some were taken. It is the memory that a stream takes here, and has
// to cover what a link carries in one round trip: 64 items are 64,000 a second at
// 1 ms, and 1 MiB is 1 GiB/s. One item may be larger than all of the window.
const (
	streamWindow      = 64
	streamWindowBytes = 1 << 20
)

// creditDelay is how long a receiver that has taken everything waits before it
// says so. It says so at once when half of the window was taken; the rest matters
// only to a sender whose next item is too large for what is left of the window.
const creditDelay = time.Millisecond

// eventsPerCommand bounds the events of a call that wait to be taken: two for
// each attempt. What a node sends beyond is lost, as news may be.
const eventsPerCommand = 8

// inflow is what comes before the response of one call, in order: filled by the
// goroutine that reads the link, emptied by the one that waits for the response.
type inflow struct {
	window      int64 // items; 0: none were asked for
	windowBytes int64
	maxEvents   int
	arrived     chan struct{} // holds a token when there may be something new

	mu     sync.Mutex
	queue  []arrival
	first  int   // in queue; those before it were taken
	events int   // in queue
	items  int64 // that count against the window: those in queue, and those taken without credit
	bytes  int64 // of these
	taken  int64 // without credit
	freed  int64 // bytes of these
}

// arrival is an item, or an event.
type arrival struct {
	event *wire.Event
	item  Value
}

func newInflow(r *wire.Request) *inflow {
	in := &inflow{arrived: make(chan struct{}, 1)}
	if r.Stream {
		in.window, in.windowBytes = int64(r.Window), r.WindowBytes
	}
	if r.Events {
		in.maxEvents = eventsPerCommand * len(r.Commands)
	}
	return in
}

// addItem adds an item, if there is room for it in the window.
func (in *inflow) addItem(v Value) bool {
	size := int64(len(v.Bytes()))
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.items >= in.window || in.bytes > 0 && in.bytes+size > in.windowBytes {
		return false
	}
	in.items++
	in.bytes += size
	in.add(arrival{item: v})
	return true
}

// addEvent adds an event, unless too many wait.
func (in *inflow) addEvent(e *wire.Event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.events >= in.maxEvents {
		return
	}
	in.events++
	in.add(arrival{event: e})
}

// add implements addItem and addEvent; mu is held.
func (in *inflow) add(a arrival) {
	if in.first > 0 && len(in.queue) == cap(in.queue) { // who is a bit behind never empties it
		n := copy(in.queue, in.queue[in.first:])
		clear(in.queue[n:])
		in.queue, in.first = in.queue[:n], 0
	}
	in.queue = append(in.queue, a)
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

// next removes what came first.
func (in *inflow) next() (arrival, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.first == len(in.queue) {
		in.queue, in.first = in.queue[:0], 0
		return arrival{}, false
	}
	a := in.queue[in.first]
	in.queue[in.first] = arrival{}
	in.first++
	if a.event != nil {
		in.events--
	}
	return a, true
}

// took notes that an item of this size was taken, and reports whether credit is
// due at once.
func (in *inflow) took(size int64) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.taken++
	in.freed += size
	return in.taken >= in.window/2 || in.freed >= in.windowBytes/2
}

// credit returns what was taken since it was called last: the other end may send
// as much again.
func (in *inflow) credit() (items, bytes int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	items, bytes = in.taken, in.freed
	in.items -= items
	in.bytes -= bytes
	in.taken, in.freed = 0, 0
	return items, bytes
}
