package mpreg

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/lease"
	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// detailLostResult is the name of the command whose result a command needed, and
// no node holds any more.
const detailLostResult = "lost_result"

// maxFetches bounds the results that are fetched for one command at a time.
const maxFetches = 8

// maxParts is how many parts of one result are fetched one by one; of more, all of
// it is fetched once.
const maxParts = 8

// fill puts what is held elsewhere into the arguments of a command that is about
// to run here, and returns how many bytes that are: they count as those of a message
// until the command has ended. An error says that it did not start.
func (s *Server) fill(ctx context.Context, call *callContext) (int64, error) {
	if len(call.splices) == 0 {
		return 0, nil
	}
	var taken reservation
	parts, err := s.fetchAll(ctx, call, &taken)
	if err == nil {
		inv := &call.invocation
		inv.Args, inv.Kwargs, err = plan.Splice(inv.Command, inv.Args, inv.Kwargs, call.splices, parts, call.exec.plan.MaxValue)
	}
	if err != nil {
		s.inFlightBytes.Add(-taken.bytes.Load())
		failure := *asError(err)
		failure.Executed = ExecutedNo
		return 0, &failure
	}
	return taken.bytes.Load(), nil
}

// reservation is the memory that a command's inputs take here.
type reservation struct{ bytes atomic.Int64 }

// reserve counts bytes in that come for a request which runs, if there is room for
// them or nothing else runs.
func (s *Server) reserve(taken *reservation, size int64) error {
	if most := maxHeld * s.config.MaxMessageBytes; taken.bytes.Add(size) > most {
		taken.bytes.Add(-size)
		return tooMuchHeld(most)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight.Load() > 1 && s.inFlightBytes.Load()+size > s.config.MaxInFlightBytes {
		taken.bytes.Add(-size)
		return inFlightError("in_flight_bytes", s.config.MaxInFlightBytes, "bytes of requests are held by this node")
	}
	s.inFlightBytes.Add(size)
	return nil
}

// fetching is what a command needs of one result that is held elsewhere: a part of
// it, or all.
type fetching struct {
	held    *wire.Lease
	path    []string
	command string // whose result it is
	splices []int
}

// fetchings returns what has to be fetched for a command, each part once.
func (c *callContext) fetchings() []*fetching {
	var list []*fetching
	parts := make(map[wire.Token][]*fetching)
	for i := range c.splices {
		splice := &c.splices[i]
		held := wire.LeaseOf(splice.Value)
		if held == nil {
			continue
		}
		of := parts[held.Token]
		at := slices.IndexFunc(of, func(f *fetching) bool { return len(f.path) == 0 || slices.Equal(f.path, splice.Path) })
		switch {
		case at >= 0:
			of[at].splices = append(of[at].splices, i)
			continue
		case len(of) == maxParts, len(of) > 0 && len(splice.Path) == 0: // all of it, for all of them
			for _, other := range of[1:] {
				of[0].splices = append(of[0].splices, other.splices...)
				other.splices = nil
			}
			of[0].path, of[0].splices = nil, append(of[0].splices, i)
			parts[held.Token] = of[:1]
			continue
		}
		f := &fetching{held: held, path: splice.Path, command: splice.Command, splices: []int{i}}
		parts[held.Token], list = append(of, f), append(list, f)
	}
	return slices.DeleteFunc(list, func(f *fetching) bool { return len(f.splices) == 0 })
}

// fetchAll returns what belongs into each of a command's splices.
func (s *Server) fetchAll(ctx context.Context, call *callContext, taken *reservation) ([]plan.Part, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts := make([]plan.Part, len(call.splices))
	for i := range call.splices {
		parts[i] = plan.Part{Value: call.splices[i].Value, OK: true} // what was sent along stays
	}
	var fetches sync.WaitGroup
	var failed sync.Once
	var failure error
	slots := make(chan struct{}, maxFetches)
	for _, f := range call.fetchings() {
		slots <- struct{}{}
		fetches.Go(func() {
			defer func() { <-slots }()
			if err := s.fetchPart(ctx, call, f, taken, parts); err != nil {
				failed.Do(func() { failure = err })
				cancel(failure)
			}
		})
	}
	fetches.Wait()
	return parts, failure
}

// fetchPart fetches a part of a result, and puts it where it belongs. An error says
// that the command did not start.
func (s *Server) fetchPart(ctx context.Context, call *callContext, f *fetching, taken *reservation, parts []plan.Part) error {
	if len(f.path) == 0 {
		if err := s.reserve(taken, f.held.Size); err != nil {
			return err
		}
	}
	origin := call.exec.origin
	v, ok, err := s.cluster.fetch(ctx, &wire.Fetch{Node: f.held.Node, Token: f.held.Token, Path: f.path}, int(origin.hops), origin.node)
	if err != nil {
		return s.notFetched(call, f, err)
	}
	if len(f.path) > 0 {
		if err := s.reserve(taken, int64(len(v.Bytes()))); err != nil {
			return err
		}
	}
	paths := make([][]string, len(f.splices))
	for k, i := range f.splices {
		paths[k] = call.splices[i].Path[len(f.path):] // as the part begins, all of it
	}
	if !ok || !slices.ContainsFunc(paths, func(path []string) bool { return len(path) > 0 }) {
		for _, i := range f.splices {
			parts[i] = plan.Part{Value: v, OK: ok}
		}
		return nil
	}
	for k, part := range plan.Extract(v, paths) {
		if len(paths[k]) == 0 {
			part = plan.Part{Value: v, OK: true}
		}
		parts[f.splices[k]] = part
	}
	return nil
}

// notFetched is the error of a command that lacks an input. A holder that is merely
// busy still has it, as does one whose result is too large to be sent.
func (s *Server) notFetched(call *callContext, f *fetching, err error) error {
	e := asError(err)
	switch {
	case call.Err() != nil:
		return endError(call, ExecutedNo)
	case e.Code != Unavailable && !errors.Is(err, lease.ErrGone):
		other := *e
		other.Executed = ExecutedNo
		return &other
	}
	lost := newError(Unavailable, ExecutedNo, "the result of %q, which node %q held, can't be had: %w",
		f.command, s.cluster.nodeName(f.held.Node), err)
	lost.Details = map[string]any{detailLostResult: f.command}
	return lost
}

// fetch returns a value that is held here or by another node. It is not ok if the
// value has no part at the path. If no link leads to the node, not even by way of
// another that should have one, the node with the id via is asked, which knows how
// it got the lease.
func (c *cluster) fetch(ctx context.Context, f *wire.Fetch, hops int, via string) (v Value, ok bool, err error) {
	if f.Node == c.self.id {
		return c.self.leases.Get(f.Token, f.Path)
	}
	m := c.byID(f.Node)
	r := &wire.Request{U: "fetch", Fetch: f, Hops: uint8(hops + 1)}
	var response *wire.Response
	if m == nil { // it has just joined, or is gone
		err = newError(Unavailable, ExecutedNo, "node %s is not known here", f.Node)
	} else {
		response, err = c.do(ctx, m, r, query{Query: route.Query{From: via, Hops: hops}}, nil)
	}
	if err != nil && ctx.Err() == nil && elsewhere(err) && hops < maxRelays {
		if other := c.byID(via); other != nil && other != m {
			response, err = other.do(ctx, r, nil)
		}
	}
	switch {
	case err != nil:
		return Value{}, false, err
	case response.Error != nil:
		return Value{}, false, fromWire(response.Error)
	case len(response.Results) == 0:
		return Value{}, false, nil
	}
	return response.Results[0].Value, true, nil
}

// answerFetch answers a request for a value that is held here, or by a node that
// this one has a link to.
func (r *pendingRequest) answerFetch(f *wire.Fetch) {
	s := r.session.server
	if r.session.peer.said.Node == "" {
		r.fail(newError(PermissionDenied, ExecutedNo, "only nodes fetch what is held under a lease"), r.leave)
		return
	}
	if f.Node != s.id && r.hops > maxRelays {
		r.fail(newError(Unavailable, ExecutedNo, "the request for a held result was passed on %d times", r.hops), r.leave)
		return
	}
	v, ok, err := s.cluster.fetch(&r.requestContext, f, r.hops, "")
	response := &wire.Response{U: r.key.u}
	switch {
	case err != nil:
		e := asError(err)
		if e.Code == Internal {
			e = newError(Unavailable, ExecutedNo, "%w", err)
		}
		r.fail(e, r.leave)
		return
	case ok:
		response.Results = []wire.Result{{Value: v}}
	}
	r.settle(response, r.leave)
}
