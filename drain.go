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

// abandonGrace is how long a drain may take beyond its deadline: half of it is for
// requests that were abandoned to heed their context, so that their callers are
// told, the rest for the links to close behind that.
const abandonGrace = time.Second

var (
	errDrainDeadline = errors.New("the drain deadline passed")
	errStopped       = newError(Unavailable, ExecutedMaybe, "the node stopped before the call ended")
)

// draining reports whether the node takes no new requests any more.
func (s *Server) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state >= stateDraining
}

// openSession makes room for a link.
func (s *Server) openSession(dialed bool) (*session, *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state != stateServing && (s.state != stateDraining || !dialed): // what still runs may need other nodes
		return nil, newError(Unavailable, ExecutedNo, "the node does not serve")
	case len(s.sessions) >= s.config.MaxLinks && !dialed: // clients must not keep a node from its peers
		return nil, newError(ResourceExhausted, ExecutedNo, "the node has %d links already", len(s.sessions))
	}
	session := &session{
		server: s, ctx: s.base, dialed: dialed,
		pending: make(map[requestKey]*pendingRequest),
		ended:   make(chan struct{}),
	}
	session.peer = newPeer(session, knownCodecs(s.options.codec))
	session.peer.name = s.config.Name
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
	s.cluster.leaveCluster()
	for _, session := range s.openSessions() {
		session.retire(wire.GoawayDraining, "the node is draining")
	}
	close(s.drains) // who is told by a call that waits here knows by then that others are asked from now on
	if web.server != nil {
		// Refuses what is in its handshake; links are not the HTTP server's any more.
		_ = web.server.Close()
		web.done.Wait()
	}
	deadline, stop := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer stop()
	last, stopLast := context.WithTimeout(context.Background(), s.config.DrainTimeout+abandonGrace)
	defer stopLast()
	reason, running := drainedReason, int64(0)
	if !waitFor(deadline, s.requests.Wait) && !s.onlyLent() {
		reason, running = "drain deadline passed", max(s.inFlight.Load(), 1)
		s.abandon()
	}
	s.stopDialing() // what ran may have needed others until now
	abandoned := s.closeLinks(deadline, last, reason)
	s.cluster.close()
	_ = s.leases.Close() // what is in it nobody can fetch any more
	s.pool.close()
	if running == 0 && abandoned == 0 {
		s.pool.running.Wait()
		s.log.Info("node stopped", "took", time.Since(start))
		return nil
	}
	err := fmt.Errorf("mpreg: node %s: abandoned after %v: requests that still ran: %d, links still in use: %d: %w",
		s.Name(), s.config.DrainTimeout, running, abandoned, errDrainDeadline)
	s.log.Warn("node stopped", "took", time.Since(start), "err", err)
	return err
}

// onlyLent reports whether all that keeps the node are results that nobody has
// fetched or released, which it lets go.
func (s *Server) onlyLent() bool {
	s.mu.Lock()
	held := len(s.lent)
	s.mu.Unlock()
	if held == 0 || s.inFlight.Load() > 0 {
		return false
	}
	s.log.Warn("results that are held for other nodes are let go: nobody has fetched or released them", "results", held)
	_ = s.leases.Close()
	grace, stop := context.WithTimeout(context.Background(), abandonGrace/2)
	defer stop()
	return waitFor(grace, s.requests.Wait)
}

// abandon tells all that still runs to end, and gives it a little time for it, so
// that callers are told.
func (s *Server) abandon() {
	s.stopBase(&endReason{errStopped})
	grace, stop := context.WithTimeout(context.Background(), abandonGrace/2)
	defer stop()
	waitFor(grace, s.requests.Wait)
}

// closeLinks closes all links, each behind the answers that are queued on it, and
// waits for them and what ran on them until the deadline, and then until last. It
// returns how many had not ended then, which it has ended at once.
func (s *Server) closeLinks(deadline, last context.Context, reason string) (abandoned int) {
	sessions := s.openSessions()
	for _, session := range sessions {
		session.close(reason)
	}
	ended := func() {
		for _, session := range sessions {
			<-session.ended
		}
	}
	if waitFor(deadline, ended) {
		return 0
	}
	s.stopBase(&endReason{errStopped})
	if waitFor(last, ended) {
		return 0
	}
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
