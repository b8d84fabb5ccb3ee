package mpreg

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/mpreg/mpreg/internal/wire"
)

// outflow is what goes to the caller of a request before its response: the items
// of a stream, within the window that the caller allows, and events.
type outflow struct {
	turn chan struct{} // holds a token; who has it writes

	over bool // the response is on its way; guarded by turn

	mu    sync.Mutex
	items int64         // that may still be sent
	bytes int64         // and their sizes
	most  int64         // bytes, when nothing is under way
	grown chan struct{} // closed when there is more; nil if nobody waits
}

// newOutflow returns the flow of a request; what is 0 in its window is not bounded.
func newOutflow(r *wire.Request) *outflow {
	o := &outflow{turn: make(chan struct{}, 1), items: int64(r.Window), bytes: r.WindowBytes}
	o.turn <- struct{}{}
	if r.Window == 0 {
		o.items = math.MaxInt64
	}
	if r.WindowBytes == 0 {
		o.bytes = math.MaxInt64
	}
	o.most = o.bytes
	return o
}

// credit allows for more. It is called by a read loop, with what the other end
// says: it can't overflow.
func (o *outflow) credit(items, bytes uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.items = add(o.items, items)
	o.bytes = min(add(o.bytes, bytes), o.most)
	if o.grown != nil {
		close(o.grown)
		o.grown = nil
	}
}

func add(n int64, more uint64) int64 {
	if more > uint64(math.MaxInt64-max(n, 0)) {
		return math.MaxInt64
	}
	return n + int64(more)
}

// take waits until an item of so many bytes may be sent. An item that is larger
// than the window goes when nothing else is under way.
func (o *outflow) take(ctx context.Context, size int64) error {
	for {
		o.mu.Lock()
		if o.items > 0 && (o.bytes >= size || o.bytes == o.most) {
			o.items--
			o.bytes -= size
			o.mu.Unlock()
			return nil
		}
		if o.grown == nil {
			o.grown = make(chan struct{})
		}
		grown := o.grown
		o.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return endError(ctx, ExecutedYes)
		}
	}
}

var errAnswered = errors.New("the request was answered already")

// send calls write unless the response is on its way: nothing comes behind that.
func (o *outflow) send(ctx context.Context, write func() error) error {
	select {
	case <-o.turn:
	case <-ctx.Done():
		return endError(ctx, ExecutedYes)
	}
	defer func() { o.turn <- struct{}{} }()
	if o.over {
		return errAnswered
	}
	return write()
}

// end is called before the response is written.
func (o *outflow) end() {
	<-o.turn
	o.over = true
	o.turn <- struct{}{}
}
