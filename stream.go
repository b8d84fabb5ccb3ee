package mpreg

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// Stream calls a function that returns a stream, and yields its items as they
// come; [Stream] with a type argument decodes them. A function that returns a
// single result gives a stream of one item. An error is the last pair, and an
// *[Error]; its Executed is [ExecutedYes] once an item has come.
//
// The call is made when the sequence is ranged over, by the goroutine that does,
// and anew each time. At most 64 items, or 1 MiB of them, are under way on each link
// between the function and the loop: it runs that far ahead, and as far again for
// each node that passes its items on. It is canceled when the loop is left. [Timeout]
// bounds the stream as a whole.
func (c *Client) Stream(ctx context.Context, fn string, args ...any) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		items := &streamed{yield: yield}
		view := *c
		view.call.stream = items
		_, err := view.Call(ctx, fn, args...)
		if err != nil && !items.left {
			yield(Value{}, err)
		}
	}
}

// Stream calls a function that returns a stream, and decodes its items; see
// [Client.Stream]. One that does not fit a T ends the stream with an *[Error] with
// [InvalidArgument].
func Stream[T any](ctx context.Context, c *Client, fn string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range c.Stream(ctx, fn, args...) {
			var item, none T
			if err == nil {
				err = decodeResult(v, &item, fn, fn)
			}
			if err != nil {
				yield(none, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

// streamed takes the items of one call.
type streamed struct {
	yield func(Value, error) bool
	count int  // of items that came
	left  bool // yield has returned false, and must not be called again
}

// errLeft is why a stream is canceled that nobody takes from any more.
var errLeft = errors.New("mpreg: nobody takes the items any more")

// incoming takes what comes before the response of a client's call.
type incoming struct {
	call  *callOptions
	start time.Time
}

// newIncoming returns nil if the call asks for nothing before its response.
func newIncoming(call *callOptions) receiver {
	if call.stream == nil && call.onEvent == nil {
		return nil
	}
	return &incoming{call: call, start: time.Now()}
}

// item implements receiver.
func (in *incoming) item(_ context.Context, v Value) error {
	s := in.call.stream
	if s == nil {
		return newError(Internal, ExecutedYes, "an item came for a call that is no stream")
	}
	s.count++
	if !s.yield(v, nil) {
		s.left = true
		return errLeft
	}
	return nil
}

// event implements receiver.
func (in *incoming) event(w *wire.Event) {
	if in.call.onEvent == nil {
		return
	}
	e := Event{
		Kind: EventKind(w.What), Command: w.Name, Function: w.Function, NodeID: w.Node,
		Time: in.start.Add(fromMilliseconds(w.AtMS)), Duration: fromMilliseconds(w.DurationMS), Bytes: int(w.Bytes),
	}
	if w.Error != nil {
		e.Err = fromWire(w.Error).at(w.Name, w.Function, "")
	}
	in.call.onEvent(e)
}

// fromMilliseconds is the opposite of milliseconds.
func fromMilliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
