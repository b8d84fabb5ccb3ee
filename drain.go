package mpreg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// drainedReason is the reason of the close frame that ends a link whose
// requests were all answered: a client knows by it that what it still waits for
// was never begun.
const drainedReason = "drained"

// abandonGrace is how long requests that were abandoned have to heed their
// context, so that their callers are told.
const abandonGrace = time.Second

var errNotServing = newError(Unavailable, ExecutedNo, "the node does not serve yet")

var errDrainDeadline = errors.New("mpreg: the drain deadline passed")

// draining reports whether the node takes no new requests any more.
func (s *Server) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state >= stateDraining
}

// admit counts a request in, unless the node is full or about to stop. A nested
// one is made by a function that runs here: while the node drains, it belongs to
// what is to be finished. Each that was admitted is to be released.
func (s *Server) admit(nested bool, size int) (admission, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	running := s.inFlight.Load()
	switch {
	case s.state < stateServing:
		return admission{}, errNotServing
	case s.state >= stateDraining && (!nested || running == 0 || s.base.Err() != nil):
		return admission{}, newError(Unavailable, ExecutedNo, "the node is draining: send the request to another, or again later")
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

// openSession makes room for a link.
func (s *Server) openSession() (*session, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state != stateServing:
		return nil, newError(Unavailable, ExecutedNo, "the node does not serve")
	case len(s.sessions) >= s.config.MaxLinks:
		return nil, newError(ResourceExhausted, ExecutedNo, "the node has %d links already", len(s.sessions))
	}
	session := &session{
		server: s, ctx: s.base,
		pending: make(map[string]*pendingRequest),
		ended:   make(chan struct{}),
	}
	s.sessions[session] = struct{}{}
	return session, nil
}

func (s *Server) closeSession(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session)
	close(session.ended)
}

func (s *Server) openSessions() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.sessions))
}

// drain lets the node come to rest, within the drain deadline. The order matters:
// once the state says so no request is admitted; when those that were are
// answered, each link is closed behind its last answer.
func (s *Server) drain(web *webServer) error {
	start := time.Now()
	s.mu.Lock()
	s.state = stateDraining
	s.mu.Unlock()
	s.log.Info("node drains", "in_flight", s.inFlight.Load(), "links", s.linkCount())
	if web.server != nil {
		// Refuses what is in its handshake; links are not the HTTP server's any more.
		_ = web.server.Close()
		web.done.Wait()
	}
	deadline, stop := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer stop()
	reason, running := drainedReason, int64(0)
	if !waitFor(deadline, s.requests.Wait) {
		reason, running = "drain deadline passed", max(s.inFlight.Load(), 1)
		s.abandon()
	}
	abandoned := s.closeLinks(deadline, reason)
	s.workers.close()
	if running == 0 && abandoned == 0 {
		s.workers.running.Wait()
		s.log.Info("node stopped", "took", time.Since(start))
		return nil
	}
	err := fmt.Errorf("mpreg: node %s: abandoned after %v: requests that still ran: %d, links still in use: %d: %w",
		s.Name(), s.config.DrainTimeout, running, abandoned, errDrainDeadline)
	s.log.Warn("node stopped", "took", time.Since(start), "err", err)
	return err
}

// abandon tells all that still runs to end, and gives it a little time for it, so
// that callers are told.
func (s *Server) abandon() {
	s.stopBase(&endReason{newError(Unavailable, ExecutedMaybe, "the node stopped before the call ended")})
	grace, stop := context.WithTimeout(context.Background(), abandonGrace)
	defer stop()
	waitFor(grace, s.requests.Wait)
}

// closeLinks closes all links, each behind the answers that are queued on it, and
// waits for them and what ran on them until ctx ends, and a little longer. It
// returns how many had not ended then, which it has ended at once.
func (s *Server) closeLinks(ctx context.Context, reason string) (abandoned int) {
	sessions := s.openSessions()
	for _, session := range sessions {
		session.close(reason)
	}
	ended := func() {
		for _, session := range sessions {
			<-session.ended
		}
	}
	if waitFor(ctx, ended) {
		return 0
	}
	grace, stop := context.WithTimeout(context.Background(), abandonGrace)
	defer stop()
	if waitFor(grace, ended) {
		return 0
	}
	s.abandon()
	for _, session := range sessions {
		select {
		case <-session.ended:
		default:
			abandoned++
			session.abort(errDrainDeadline)
		}
	}
	return abandoned
}

// waitFor calls wait, and reports whether it returned before ctx ended. If not
// it leaves a goroutine behind, which ends when the functions do that don't heed
// their context.
func waitFor(ctx context.Context, wait func()) bool {
	done := make(chan struct{})
	go func() {
		wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
