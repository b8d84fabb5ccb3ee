package mpreg

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// forwarder returns what has a member run commands. There is one for all its places.
func (c *cluster) forwarder(m *member) runFunc {
	return func(ctx context.Context, call *callContext, q query) (Value, error) {
		return c.self.forward(ctx, call, m, q)
	}
}

// forward has a command run by another node.
func (s *Server) forward(ctx context.Context, call *callContext, m *member, q query) (Value, error) {
	m.InFlight.Add(1)
	defer m.InFlight.Add(-1)
	call.exec.forwarded.Add(1)
	var to receiver
	var pass *passing
	if call.emit != nil {
		pass = &passing{call: call}
		to = pass
	}
	response, err := s.cluster.do(ctx, m, call.forwarded(q), q, to)
	if pass != nil && pass.refused != nil {
		return Value{}, pass.refused // whoever asked takes no more: not the node's failure
	}
	if err != nil {
		failure := asError(err).at("", "", s.cluster.nameOf(m)).onHop(q.Hops + 1)
		if call.emitted.Load() > 0 {
			failure.Executed = ExecutedYes
		}
		return Value{}, failure
	}
	if response.Error != nil {
		return Value{}, fromWire(response.Error)
	}
	if len(response.Results) != 1 {
		return Value{}, newError(Internal, ExecutedYes, "the node answered with %d results for one call", len(response.Results)).at("", "", s.cluster.nameOf(m))
	}
	return response.Results[0].Value, nil
}

// passing passes the items of a command that another node runs on to whoever
// asked for them.
type passing struct {
	call    *callContext
	refused error // why they take no more
}

func (p *passing) item(ctx context.Context, v Value) error {
	p.refused = p.call.emit(ctx, v)
	return p.refused
}

func (p *passing) event(*wire.Event) {} // were not asked for

// do has a request answered by a member: on the link to it, or on one that is
// made for that, or through another node that has one.
func (c *cluster) do(ctx context.Context, m *member, r *wire.Request, q query, to receiver) (*wire.Response, error) {
	if m.best.Load() != nil {
		response, err := m.do(ctx, r, to)
		if !errors.Is(err, errNoLink) {
			return response, err
		}
	}
	err := c.connect(ctx, m)
	if err == nil {
		return m.do(ctx, r, to)
	}
	if ctx.Err() != nil {
		return nil, err
	}
	r.Node = m.ID
	var response *wire.Response
	for _, via := range c.relays(m, q) {
		if c.connect(ctx, via) != nil {
			continue
		}
		answer, failure := via.do(ctx, r, to)
		if errors.Is(failure, errNoLink) {
			continue
		}
		response, err = answer, failure
		// Another observer may have a link where this one has none. Who passes a
		// call on asks one: whoever passed it to him tries the others.
		if q.Hops > 0 || ctx.Err() != nil || !notBegun(response, err) {
			break
		}
	}
	return response, err
}

// notBegun reports whether a call surely did not start, and may elsewhere.
func notBegun(r *wire.Response, err error) bool {
	if err != nil {
		return elsewhere(err)
	}
	return r.Error != nil && elsewhere(fromWire(r.Error))
}

// maxRelays bounds how many nodes pass a call on to the one that it is for: who
// has no link to it himself may ask one that should have.
const maxRelays = 2

// relays returns nodes that should have a link to a member, because they observe
// it: in random order, but first those that this node has a link to.
func (c *cluster) relays(m *member, q query) []*member {
	if q.Hops >= maxRelays {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machine == nil || m.state != gossip.Alive { // of who is suspect its observers have said that they can't reach it
		return nil
	}
	var linked, others []*member
	for _, id := range c.machine.Observers(m.ID) {
		via := c.members[id]
		switch {
		case via == nil, id == q.From, via.state != gossip.Alive:
		case via.best.Load() != nil:
			linked = append(linked, via)
		default:
			others = append(others, via)
		}
	}
	for _, list := range [][]*member{linked, others} {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return append(linked, others...)
}

// errNoLink says that a call was not sent, because no link leads to its node.
var errNoLink = newError(Unavailable, ExecutedNo, "the link to the node was just lost")

// do has a request answered on whichever link to the member is used. One that was
// just given up takes no calls, and there is another then. The error matches
// errNoLink if there is none.
func (m *member) do(ctx context.Context, r *wire.Request, to receiver) (*wire.Response, error) {
	var before *session
	for {
		s := m.best.Load()
		if s == nil || s == before {
			return nil, errNoLink
		}
		s.used.Add(1)
		response, err := s.peer.do(ctx, r, to)
		if err == nil || !errors.Is(err, link.ErrClosed) || asError(err).Executed != ExecutedNo || ctx.Err() != nil {
			return response, err
		}
		before = s
	}
}

// forwarded returns the request that has another node run the command: as it was asked
// for, and not as interceptors of this node have left it where it failed.
func (c *callContext) forwarded(q query) *wire.Request {
	from, cmd, inv := c.exec.request, c.command(), &c.invocation
	r := &wire.Request{
		U: from.U,
		Commands: []wire.Command{{
			Name: cmd.Name, Function: cmd.Function, Args: inv.Args, Kwargs: inv.Kwargs, Locs: cmd.Locs,
		}},
		Traceparent: from.Traceparent, Headers: from.Headers, Node: q.node,
		Hops: uint8(q.Hops + 1), Accept: c.exec.request.Accept, Splices: c.splices, Stream: c.emit != nil,
	}
	c.exec.mayStay(int(c.index), r)
	if who := c.exec.origin.identity; !c.exec.origin.own { // also of nobody, who is not this node
		r.Caller = &wire.Caller{Name: who.Name, Claims: who.Claims}
	}
	return r
}
