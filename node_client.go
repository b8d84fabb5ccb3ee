package mpreg

import (
	"context"
	"maps"
	"strconv"
	"sync/atomic"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// Client returns a client of the cluster that this node belongs to: its
// requests are executed by the node itself, without a connection. Calls on it
// are refused as [Unavailable] while the node does not serve.
func (s *Server) Client() *Client {
	return newClient(&nodeCaller{server: s}, nil, callOptions{})
}

// FromContext returns, in a function that a node runs, the client of that node.
// What is called through it runs for the function's caller: its identity,
// headers and trace are carried on, and its deadline if ctx is passed on too.
// Values are encoded as the node's [WithCodec] says. It is never nil; outside of a
// function its calls fail with [Unavailable].
func FromContext(ctx context.Context) *Client {
	call, _ := ctx.Value(callKey{}).(*callContext)
	if call == nil {
		return newClient(nowhere{errNowhere}, nil, callOptions{})
	}
	return newClient(&nodeCaller{server: call.exec.node, parent: call.exec}, nil, callOptions{})
}

// nodeCaller has requests executed by a node of this process.
type nodeCaller struct {
	server *Server
	parent *execution // whose function calls; nil for Server.Client
}

func (n *nodeCaller) codec() codec.Codec {
	if n.server.configured() && n.server.options.codec != nil {
		return n.server.options.codec
	}
	return codec.JSON{}
}

// localRequests numbers the requests of this process's own, for logs.
var localRequests atomic.Uint64

// do executes a request in a goroutine of its own: it can then return when ctx
// ends, while a function that does not heed ctx is still counted.
func (n *nodeCaller) do(ctx context.Context, r *wire.Request, to receiver) (*wire.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err, ExecutedNo)
	}
	from := origin{own: true}
	if n.parent != nil {
		from.within = true
		from.own, from.identity = n.parent.origin.own, n.parent.origin.identity
		n.parent.carryOn(r)
	}
	if !n.server.configured() {
		return nil, errNotServing
	}
	if err := n.server.checkCluster(r); err != nil {
		return nil, err.at("", "", n.server.Name())
	}
	r.U = "local-" + strconv.FormatUint(localRequests.Add(1), 36)
	if err := r.Check(); err != nil {
		e := asError(err).at("", "", n.server.Name())
		e.Executed = ExecutedNo
		return nil, e
	}
	r.Accept = accept(n.codec())
	exec, err := newExecution(n.server, from, r, n.codec())
	if err != nil {
		return nil, err
	}
	within := fromOutside
	if n.parent != nil {
		within = fromWithin
	}
	place, refusal := n.server.admit(within, 0)
	if refusal != nil {
		return nil, refusal.at("", "", n.server.Name())
	}
	answers := make(chan localAnswer, 1)
	ctx, cancel := context.WithCancelCause(ctx)
	var early chan func() error
	if to != nil {
		early = make(chan func() error)
		defer cancel(nil) // whoever takes items may panic
	}
	n.server.pool.do(&localRequest{ctx, cancel, place, exec, answers, to, early})
	for waiting := true; waiting; {
		select {
		case a := <-answers:
			return a.response, a.err()
		case take := <-early:
			if err := take(); err != nil {
				cancel(err)
				return nil, err
			}
		case <-ctx.Done():
			waiting = false
		}
	}
	select {
	case a := <-answers: // it ended first, and ended ctx
		return a.response, a.err()
	default:
		exec.abandoned()
		return nil, exec.interrupted(ctx)
	}
}

// localRequest is a request of this process's own that runs.
type localRequest struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	place   admission
	exec    *execution
	answers chan<- localAnswer // has room for one

	to    receiver            // of items and events; may be nil
	early chan<- func() error // what gives them to it, in the goroutine that waits for the answer
}

// work implements task.
func (r *localRequest) work() {
	defer r.place.end()
	defer r.cancel(nil)
	defer context.AfterFunc(r.place.base, func() { r.cancel(context.Cause(r.place.base)) })()
	r.exec.run(r.ctx, r)
}

// answer implements asker.
func (r *localRequest) answer(e *execution, response *wire.Response, failure *Error) {
	if e.atRest {
		r.place.leave()
	}
	r.answers <- localAnswer{response, failure}
}

// item implements asker.
func (r *localRequest) item(ctx context.Context, v Value) error {
	return r.give(ctx, func() error { return r.to.item(ctx, v) })
}

// event implements asker.
func (r *localRequest) event(e *wire.Event) {
	_ = r.give(r.ctx, func() error { // whoever gave up wants no events
		r.to.event(e)
		return nil
	})
}

// give has take called by the goroutine that waits for the answer.
func (r *localRequest) give(ctx context.Context, take func() error) error {
	select {
	case r.early <- take:
		return nil
	case <-ctx.Done():
	case <-r.ctx.Done():
	}
	return endError(r.ctx, ExecutedYes)
}

// localAnswer is how a request of this process's own ended.
type localAnswer struct {
	response *wire.Response
	failure  *Error
}

func (a localAnswer) err() error {
	if a.failure == nil {
		return nil
	}
	return a.failure
}

func (n *nodeCaller) ready(ctx context.Context) error { return n.server.Ready(ctx) }
func (n *nodeCaller) close() error                    { return nil }

// carryOn gives a request what the one has that it is made for.
func (e *execution) carryOn(r *wire.Request) {
	if r.Traceparent == "" {
		r.Traceparent = e.request.Traceparent
	}
	if len(e.request.Headers) == 0 {
		return
	}
	headers := maps.Clone(e.request.Headers)
	maps.Copy(headers, r.Headers)
	r.Headers = headers
}

// nowhere is the caller of a client that can't reach any node, and why.
type nowhere struct{ err *Error }

func (nowhere) codec() codec.Codec { return codec.JSON{} }
func (nowhere) close() error       { return nil }

func (n nowhere) do(context.Context, *wire.Request, receiver) (*wire.Response, error) {
	return nil, n.err
}

func (n nowhere) ready(context.Context) error { return n.err }

var errNowhere = newError(Unavailable, ExecutedNo,
	"the context is not one that a node gave to a function: use NewClient or Server.Client")
