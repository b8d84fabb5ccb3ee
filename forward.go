package mpreg

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

const (
	// maxHops bounds how often a call is passed on by nodes that do not have its
	// function: their catalogs may disagree for a moment, but not for long.
	maxHops = 5

	// maxAttempts bounds how many nodes are tried for a call that surely did not
	// start at those before.
	maxAttempts = 4
)

// run runs a command on a node that offers its function and all its locs. What
// surely did not start at one is tried at another.
func (c *cluster) run(ctx context.Context, call *callContext, q query) (Value, error) {
	var tried []*member
	skipLocal := false
	var failure error
	attempts := maxAttempts
	if q.hops > 0 {
		attempts = 1 // who passed it on tries others: if each node did, attempts would multiply
	}
	for range attempts {
		f, err := c.choose(q, skipLocal, tried)
		if err != nil {
			if failure == nil {
				failure = err
			}
			break
		}
		start := time.Now()
		var v Value
		if f.local != nil {
			v, err = c.self.runHere(ctx, call, f.local)
		} else {
			v, err = c.self.forward(ctx, call, f.place.member, q)
		}
		if err == nil {
			f.observe(time.Since(start))
			return v, nil
		}
		f.fail(time.Since(start), err)
		failure = err
		again := elsewhere(err) || lost(err) && f.place != nil && f.place.idempotent
		if ctx.Err() != nil || !again {
			break
		}
		if f.local != nil {
			skipLocal = true
		} else {
			tried = append(tried, f.place.member)
		}
	}
	return Value{}, failure
}

func (f found) observe(d time.Duration) {
	if f.local != nil {
		f.local.latency.observe(d)
	} else {
		f.place.latency.observe(d)
	}
}

// fail notes a failure; one of who called says nothing about the place.
func (f found) fail(d time.Duration, err error) {
	code := asError(err).Code
	if slices.Contains(callersFaults, code) {
		return
	}
	blamed := slices.Contains([]Code{Unavailable, ResourceExhausted, Internal}, code)
	if f.local != nil {
		f.local.latency.fail(d, blamed)
	} else {
		f.place.latency.fail(d, blamed)
	}
}

// callersFaults are the codes of failures that are the same at every node.
var callersFaults = []Code{InvalidRequest, InvalidArgument, Unauthenticated, PermissionDenied, Canceled}

// elsewhere reports whether a call that failed surely did not start, and may
// start at another node.
func elsewhere(err error) bool {
	e := asError(err)
	if e.Executed != ExecutedNo {
		return false
	}
	switch e.Code {
	case Unavailable, NotFound:
		return true
	case ResourceExhausted:
		limit, _ := e.Details[wire.DetailLimit].(string)
		return slices.Contains([]string{"in_flight", "in_flight_per_link", "in_flight_bytes", "max_concurrent", "calls_per_link", limitLargeFrames}, limit)
	default:
		return false
	}
}

// lost reports whether nobody knows if a call ran, because its node is gone.
func lost(err error) bool {
	e := asError(err)
	return e.Code == Unavailable && e.Executed == ExecutedMaybe
}

// runHere runs a command with a function of this node.
func (s *Server) runHere(ctx context.Context, call *callContext, o *offer) (Value, error) {
	call.fn = o.fn
	s.running.Add(1)
	defer s.running.Add(-1)
	return s.runLocal(ctx, call)
}

// forward has a command run by another node.
func (s *Server) forward(ctx context.Context, call *callContext, m *member, q query) (Value, error) {
	m.inFlight.Add(1)
	defer m.inFlight.Add(-1)
	call.exec.forwarded.Add(1)
	response, err := s.cluster.do(ctx, m, call.forwarded(q), q)
	if err != nil {
		return Value{}, asError(err).at("", "", s.cluster.nameOf(m)).onHop(q.hops + 1)
	}
	if response.Error != nil {
		return Value{}, fromWire(response.Error)
	}
	if len(response.Results) != 1 {
		return Value{}, newError(Internal, ExecutedYes, "the node answered with %d results for one call", len(response.Results)).at("", "", s.cluster.nameOf(m))
	}
	return response.Results[0].Value, nil
}

// do has a request answered by a member: on the link to it, or on one that is
// made for that, or through another node that has one.
func (c *cluster) do(ctx context.Context, m *member, r *wire.Request, q query) (*wire.Response, error) {
	if m.best.Load() != nil {
		response, err := m.do(ctx, r)
		if !errors.Is(err, errNoLink) {
			return response, err
		}
	}
	err := c.connect(ctx, m)
	if err == nil {
		return m.do(ctx, r)
	}
	if ctx.Err() != nil {
		return nil, err
	}
	r.Node = m.id
	var response *wire.Response
	for _, via := range c.relays(m, q) {
		if c.connect(ctx, via) != nil {
			continue
		}
		answer, failure := via.do(ctx, r)
		if errors.Is(failure, errNoLink) {
			continue
		}
		response, err = answer, failure
		// Another observer may have a link where this one has none. Who passes a
		// call on asks one: whoever passed it to him tries the others.
		if q.hops > 0 || ctx.Err() != nil || !notBegun(response, err) {
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
	if q.hops >= maxRelays {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machine == nil || m.state != gossip.Alive { // of who is suspect its observers have said that they can't reach it
		return nil
	}
	var linked, others []*member
	for _, id := range c.machine.Observers(m.id) {
		via := c.members[id]
		switch {
		case via == nil, id == q.from, via.state != gossip.Alive:
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
func (m *member) do(ctx context.Context, r *wire.Request) (*wire.Response, error) {
	var before *session
	for {
		s := m.best.Load()
		if s == nil || s == before {
			return nil, errNoLink
		}
		s.used.Add(1)
		response, err := s.peer.do(ctx, r)
		if err == nil || !errors.Is(err, link.ErrClosed) || asError(err).Executed != ExecutedNo || ctx.Err() != nil {
			return response, err
		}
		before = s
	}
}

// forwarded returns the request that has another node run the command.
func (c *callContext) forwarded(q query) *wire.Request {
	from, inv := c.exec.request, &c.invocation
	r := &wire.Request{
		U: from.U,
		Commands: []wire.Command{{
			Name: inv.Command, Function: inv.Function, Args: inv.Args, Kwargs: inv.Kwargs, Locs: inv.Locs,
		}},
		Traceparent: from.Traceparent, Headers: from.Headers, Node: q.node,
		Hops: uint8(q.hops + 1), Accept: c.exec.request.Accept,
	}
	if who := c.exec.origin.identity; !c.exec.origin.own { // also of nobody, who is not this node
		r.Caller = &wire.Caller{Name: who.Name, Claims: who.Claims}
	}
	return r
}
