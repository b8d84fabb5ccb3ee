package mpreg

import (
	"context"
	"sync/atomic"
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
}

func (c *callContext) Value(key any) any {
	if _, ok := key.(callKey); ok {
		return c
	}
	return c.Context.Value(key)
}

func (c *callContext) info() Info {
	origin := c.exec.origin
	return Info{
		Request:  c.exec.request.U,
		Command:  c.invocation.Command,
		Function: c.invocation.Function,
		Locs:     c.invocation.Locs,
		Node:     c.exec.node.Name(),
		NodeID:   c.exec.node.ID(),
		Peer:     origin.peer,
		Identity: origin.identity,
		Headers:  c.exec.request.Headers,
		Trace:    c.exec.request.Traceparent,
	}
}
