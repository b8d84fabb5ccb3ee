package mpreg

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
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
		return admission{}, newError(Unavailable, ExecutedNo, "the node does not serve yet")
	case s.state >= stateDraining && (!nested || running == 0):
		return admission{}, newError(Unavailable, ExecutedNo, "the node is draining: send the request to another, or again later")
	case running >= int64(s.config.MaxInFlight):
		return admission{}, inFlightError("in_flight", int64(s.config.MaxInFlight), "requests are running on this node")
	case running > 0 && s.inFlightBytes.Load()+int64(size) > s.config.MaxInFlightBytes:
		return admission{}, inFlightError("in_flight_bytes", s.config.MaxInFlightBytes, "bytes of requests are held by this node")
	}
	s.inFlight.Add(1)
	s.inFlightBytes.Add(int64(size))
	s.requests.Add(1)
	return admission{server: s, size: size, counted: true}, nil
}

// admission is a request's place among those that run on a node. It belongs to
// the goroutine that runs the request.
type admission struct {
	server  *Server
	size    int
	counted bool
}

// leave gives the place to others: when nothing of the request runs any more,
// but before its answer is sent, as the answer may bring the next request.
func (a *admission) leave() {
	if a.counted {
		a.counted = false
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

// drain lets the node come to rest. The order matters: once the state says so
// no request is admitted; when those that were are answered, each link is closed
// behind its last answer.
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
	drained := waitFor(&s.requests, s.config.DrainTimeout)
	var err error
	if !drained {
		err = fmt.Errorf("mpreg: node %s: %d requests still ran after %v, and were abandoned: %w",
			s.Name(), s.inFlight.Load(), s.config.DrainTimeout, errDrainDeadline)
		s.stopBase(newError(Unavailable, ExecutedMaybe, "the node stopped before the call ended"))
		waitFor(&s.requests, abandonGrace)
	}
	s.closeLinks(drained)
	s.workers.close()
	if drained {
		s.workers.running.Wait()
	}
	if err != nil {
		s.log.Warn("node stopped", "took", time.Since(start), "err", err)
	} else {
		s.log.Info("node stopped", "took", time.Since(start))
	}
	return err
}

// closeLinks ends all links, each behind the answers that are queued on it, and
// waits for what ran on them, unless it was abandoned.
func (s *Server) closeLinks(drained bool) {
	reason := drainedReason
	if !drained {
		reason = "drain deadline passed"
	}
	var closing sync.WaitGroup
	for _, session := range s.openSessions() {
		closing.Go(func() {
			session.close(reason)
			if drained {
				<-session.ended
			}
		})
	}
	closing.Wait()
}

// waitFor waits for wg, and reports whether it was done in time. If not it
// leaves a goroutine behind, which ends when the functions do that don't heed
// their context.
func waitFor(wg *sync.WaitGroup, timeout time.Duration) bool {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
