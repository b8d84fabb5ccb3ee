package mpreg

import (
	"context"

	"github.com/mpreg/mpreg/internal/wire"
)

var errNotServing = newError(Unavailable, ExecutedNo, "the node does not serve yet")

// entry says what a request is part of.
type entry uint8

const (
	fromOutside entry = iota

	// fromWithin is for one that a function makes that runs here: while the node
	// drains, it belongs to what is to be finished.
	fromWithin

	// forResult is for a result that is held here. It is part of what was admitted
	// before: calls that hold places here and elsewhere wait for it, and if they were
	// in its way nobody would get on. So it has places of its own, as many again.
	forResult
)

// admit counts a request in, unless the node is full or about to stop. Each that was
// admitted is to be released.
func (s *Server) admit(from entry, size int) (admission, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	running := s.inFlight.Load()
	switch {
	case s.state < stateServing:
		return admission{}, errNotServing
	case s.state >= stateDraining && (from == fromOutside || running == 0 && len(s.lent) == 0 || s.base.Err() != nil):
		return admission{}, newError(Unavailable, ExecutedNo, "the node is draining: send the request to another, or again later")
	case from == forResult && running < 2*int64(s.config.MaxInFlight):
	case running >= int64(s.config.MaxInFlight):
		return admission{}, inFlightError("in_flight", int64(s.config.MaxInFlight), "requests are running on this node")
	case running > 0 && s.inFlightBytes.Load()+int64(size) > s.config.MaxInFlightBytes:
		return admission{}, inFlightError("in_flight_bytes", s.config.MaxInFlightBytes, "bytes of requests are held by this node")
	}
	s.inFlight.Add(1)
	s.inFlightBytes.Add(int64(size))
	s.requests.Add(1)
	return admission{server: s, base: s.base, size: size, counted: true}, nil
}

// admission is a request's place among those that run on a node. It belongs to
// the goroutine that runs the request.
type admission struct {
	server  *Server
	base    context.Context // ends when the node stops waiting for what runs
	size    int
	counted bool
}

// leave gives the place to others: when nothing of the request runs any more and
// its answer has room to wait in, but before it can reach the caller, who may
// have waited for it to send the next request.
func (a *admission) leave() {
	if a.counted {
		a.counted = false
		a.server.mu.Lock()
		defer a.server.mu.Unlock()
		a.server.inFlightBytes.Add(-int64(a.size))
		a.server.inFlight.Add(-1)
	}
}

// end is leave, and tells a drain that the request was answered.
func (a *admission) end() {
	a.leave()
	a.server.requests.Done()
}

func inFlightError(limit string, most int64, what string) *Error {
	e := newError(ResourceExhausted, ExecutedNo, "%d %s already, which is the bound: try again later", most, what)
	e.Details = map[string]any{wire.DetailLimit: limit, wire.DetailMax: most}
	return e
}

// checkCluster refuses a request that is meant for another cluster.
func (s *Server) checkCluster(r *wire.Request) *Error {
	if r.ClusterID == "" || r.ClusterID == s.config.ClusterID {
		return nil
	}
	return newError(WrongCluster, ExecutedNo, "the request is for the cluster %q, and this node is of %q",
		r.ClusterID, s.config.ClusterID)
}
