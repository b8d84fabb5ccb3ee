package mpreg

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/wire"
)

// Info is what a function can know of the call that it serves.
type Info struct {
	Request  string            // the request's id, as its caller chose it; unique only per caller
	Command  string            // the command's name within its request
	Function string            // the name that it was called by
	Locs     []string          // the locs that were asked for
	Node     string            // the name of the node that it runs on
	NodeID   string            // and its id
	Peer     string            // the address of who sent the request; empty for a call from within the node
	Identity Identity          // who the authenticator found the caller to be; zero without one
	Headers  map[string]string // that the caller sent; must not be modified
	Trace    string            // the W3C traceparent that the caller sent, if any
}

// InfoFromContext tells a function of the call that it serves, from the
// context that it was given. It is the zero Info outside of a call.
func InfoFromContext(ctx context.Context) Info {
	call, _ := ctx.Value(callKey{}).(*callContext)
	if call == nil {
		return Info{}
	}
	return call.info()
}

type callKey struct{}

// callContext is the context of one command. It carries where the command
// runs and for whom, in one allocation.
type callContext struct {
	context.Context
	exec       *execution
	invocation Invocation
	fn         *Function   // that it was routed to, if to this node
	started    atomic.Bool // the function was called
	index      int32       // of the command

	// emit takes the items of a stream; nil if the caller wants the result as a
	// whole. It may wait. After an error the function is to end.
	emit    func(context.Context, Value) error
	outcome *outcome      // of the command; nil for a second attempt beside another
	splices []wire.Splice // places in the arguments that hold what is elsewhere
	ran     choice        // where it was run, once it was; see run
	emitted atomic.Int64  // items that were given to emit: the call can't be made again
}

func (c *callContext) Value(key any) any {
	if _, ok := key.(callKey); ok {
		return c
	}
	return c.Context.Value(key)
}

// handed notes that the command is about to be run at f.
func (c *callContext) handed(f choice) {
	o := c.outcome
	if o == nil {
		return
	}
	node := f.Place.Node.ID
	if c.exec.watched {
		c.exec.began(c, o, node)
	}
	o.node = node
}

// command returns the command as it was asked for, which nobody changes.
func (c *callContext) command() *wire.Command { return &c.exec.request.Commands[c.index] }

func (c *callContext) info() Info {
	origin, cmd := c.exec.origin, c.command()
	return Info{
		Request:  c.exec.request.U,
		Command:  cmd.Name,
		Function: cmd.Function,
		Locs:     slices.Clip(cmd.Locs),
		Node:     c.exec.node.Name(),
		NodeID:   c.exec.node.ID(),
		Peer:     origin.peer,
		Identity: origin.identity,
		Headers:  c.exec.request.Headers,
		Trace:    c.exec.request.Traceparent,
	}
}
