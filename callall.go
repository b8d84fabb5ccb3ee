package mpreg

import (
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// maxCallAll bounds the calls of one CallAll that are under way.
const maxCallAll = 64

// Reply is what one node answered to a CallAll.
type Reply[T any] struct {
	Node   string // the node's name
	NodeID string // and its id
	Value  T      // zero if the node's call failed
}

// CallAll calls a function on every node that offers it with all locs of the
// view, and yields the replies as they come; [CallAll] with a type argument
// decodes them. The error of a pair is that of the node in its Reply, an *[Error],
// and the others go on. A failure of the whole, such as [NotFound] where no node
// offers the function, is one pair with an empty Reply.
//
// Who offers it is asked once, when the sequence is ranged over. At most 64 calls
// are under way at a time; [Timeout] bounds each of them, and ctx all. When the loop
// is left, those that run are canceled and waited for.
func (c *Client) CallAll(ctx context.Context, fn string, args ...any) iter.Seq2[Reply[Value], error] {
	return func(yield func(Reply[Value], error) bool) {
		nodes, err := c.providers(ctx, fn)
		if err != nil {
			yield(Reply[Value]{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		for r := range c.callEach(ctx, &running, nodes, fn, args) {
			if !yield(r.Reply, r.err) {
				return
			}
		}
	}
}

// CallAll calls a function on every node that offers it, and decodes the replies;
// see [Client.CallAll]. One that does not fit a T is an *[Error] with
// [InvalidArgument] of its node.
func CallAll[T any](ctx context.Context, c *Client, fn string, args ...any) iter.Seq2[Reply[T], error] {
	return func(yield func(Reply[T], error) bool) {
		for r, err := range c.CallAll(ctx, fn, args...) {
			reply := Reply[T]{Node: r.Node, NodeID: r.NodeID}
			if err == nil {
				var v T
				if err = decodeResult(r.Value, &v, fn, fn); err == nil {
					reply.Value = v
				} else {
					err = asError(err).at("", "", r.Node)
				}
			}
			if !yield(reply, err) {
				return
			}
		}
	}
}

// providers asks for the nodes that a function is to be called on.
func (c *Client) providers(ctx context.Context, fn string) ([]Provider, error) {
	ask := *c
	ask.call.locs, ask.call.node, ask.call.onEvent, ask.call.hedge = nil, "", nil, false
	args := []any{fn}
	for _, loc := range c.call.locs {
		args = append(args, loc)
	}
	nodes, err := Call[[]Provider](ctx, &ask, "mpreg.providers", args...)
	if err != nil {
		return nil, err
	}
	if node := c.call.node; node != "" {
		nodes = slices.DeleteFunc(nodes, func(p Provider) bool { return p.ID != node && p.Name != node })
	}
	if len(nodes) == 0 {
		return nil, c.noProvider(fn)
	}
	return nodes, nil
}

// noProvider is the error of calling a function that no node offers.
func (c *Client) noProvider(fn string) *Error {
	e := newError(NotFound, ExecutedNo, "no node offers the function")
	switch {
	case c.call.node != "":
		e = newError(NotFound, ExecutedNo, "the node %q does not offer the function with the locs %q", c.call.node, c.call.locs)
	case len(c.call.locs) > 0:
		e = newError(NotFound, ExecutedNo, "no node offers the function with the locs %q", c.call.locs)
	}
	return e.at(fn, fn, "")
}

// replyOf is how the call of one node ended.
type replyOf struct {
	Reply[Value]
	err error
}

// callEach makes the calls, in goroutines that running counts. The channel is
// closed when they have ended.
func (c *Client) callEach(ctx context.Context, running *sync.WaitGroup, nodes []Provider, fn string, args []any) <-chan replyOf {
	replies := make(chan replyOf, len(nodes)) // nobody waits to tell how a call ended
	callers := min(len(nodes), maxCallAll)
	var begun, ended atomic.Int64
	for range callers {
		running.Go(func() {
			defer func() { // also if an interceptor ends the goroutine
				if ended.Add(1) == int64(callers) {
					close(replies)
				}
			}()
			for i := begun.Add(1) - 1; i < int64(len(nodes)); i = begun.Add(1) - 1 {
				r := replyOf{Reply: Reply[Value]{Node: nodes[i].Name, NodeID: nodes[i].ID}}
				view := c.With(OnNode(r.NodeID))
				view.call.wait = false // who is gone does not come back under the same id
				r.Value, r.err = view.Call(ctx, fn, args...)
				replies <- r
			}
		})
	}
	return replies
}
