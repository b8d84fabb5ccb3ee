package mpreg

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// session is a link of this node, whichever end opened it, and the requests that
// came in on it. What is called by the link's reader waits for nothing.
type session struct {
	server *Server
	link   *link.Link // set by attach, before anything comes in
	log    *slog.Logger
	ctx    context.Context // ends with the link, and when the node stops waiting
	dialed bool            // this node opened it, to another node
	peer   *peer           // the other end, if the link carries frames; nil if JSON

	running  sync.WaitGroup // requests, and whatever else the session started
	inFlight atomic.Int64
	ended    chan struct{} // closed when nothing of it runs any more

	mu       sync.Mutex
	open     *link.Link                     // link, once it is up
	closing  string                         // the reason to close it, once there is one
	pending  map[requestKey]*pendingRequest // until they are answered
	over     error                          // why the contexts of all requests have ended; nil if they have not
	identity *Identity                      // nil until authenticated, where that is asked for

	authenticating atomic.Bool // an auth message is being looked at
	worker         *worker     // what the other end offers, of a JSON session; its reader's own

	// Of a link to another node; guarded by the cluster's mu.
	member   *member
	number   uint64         // in the order of joining
	early    []*wire.Gossip // came before this end has joined
	since    time.Time      // when it joined
	gossiped bool           // the other end has gossiped on it
	given    bool           // this end has given it up
	orphan   bool           // and no link to the member is left
	silent   bool           // nothing was heard on it for long
	goneAway bool           // the other end asks for no more requests
	leaving  bool           // because it drains
	left     bool           // the link has ended

	usedThen  uint64    // used, when it was last looked at
	idleSince time.Time // when that had changed last

	reason  wire.GoawayReason // why it is given up; set before it is sealed
	sealed  atomic.Bool       // no call begins on the link
	parting atomic.Bool       // and its GOAWAY was sent
	bulky   atomic.Int64      // gossip that waits for room
	used    atomic.Uint64     // counts requests, in either direction
}

// attach gives the session its link.
func (s *session) attach(l *link.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link, s.log = l, s.server.log.With("peer", l.RemoteAddr())
	if l.Framed() {
		s.peer.link, s.peer.warn = l, s.warn
	} else {
		s.peer = nil
	}
	s.open = l
	if s.closing != "" {
		l.BeginClose(link.StatusGoingAway, s.closing)
	}
}

// serve reads the link until it ends, and then waits for all that it started.
func (s *session) serve() error {
	ctx, cancel := context.WithCancelCause(s.ctx)
	s.ctx = ctx
	l := s.link
	var handler link.Handler = jsonHandler{s}
	if s.peer != nil {
		handler = s.peer
	}
	s.log.Debug("link opened", "protocol", l.Subprotocol())
	if s.peer != nil {
		defer s.peer.expectHello(s.server.config.HandshakeTimeout).Stop()
	} else if s.server.options.authenticate != nil {
		defer time.AfterFunc(s.server.config.HandshakeTimeout, s.expectIdentity).Stop()
	}
	if s.dialed {
		s.running.Go(s.greet)
	}
	defer context.AfterFunc(ctx, func() { s.endRequests(context.Cause(ctx)) })()
	err := l.Serve(handler)
	s.endWorker(err)
	s.log.Debug("link closed", "reason", err)
	if s.peer != nil {
		s.server.cluster.leave(s, err)
		s.peer.fail(lostError(err))
	}
	cancel(&endReason{newError(Unavailable, ExecutedMaybe, "the link to the caller is gone: %w", err)})
	s.running.Wait()
	return err
}

// endRequests ends the contexts of all requests, of which there will be no more:
// the link has ended, or the node does not wait any longer.
func (s *session) endRequests(cause error) {
	s.mu.Lock()
	s.over = cause
	pending := slices.Collect(maps.Values(s.pending))
	s.mu.Unlock()
	for _, r := range pending {
		r.requestContext.end(context.Canceled, cause)
	}
}

// expectIdentity ends a link that nobody has shown a token on: it would take the
// place of one that may do something.
func (s *session) expectIdentity() {
	if s.known() == nil {
		s.link.BeginClose(link.StatusPolicy, "no token was accepted in time")
	}
}

// known returns who is at the other end, nil if that is not known yet.
func (s *session) known() *Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// close ends the link behind what is queued on it; one that is still in its
// handshake is closed after it.
func (s *session) close(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = reason
	if s.open != nil {
		s.open.BeginClose(link.StatusGoingAway, reason)
	}
}

// abort ends the link at once.
func (s *session) abort(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != nil {
		s.open.Abort(why)
	}
}

// cancelRequest ends a request whose caller gave up. One that was answered, or never
// was, is no error: the messages may have crossed.
func (s *session) cancelRequest(key requestKey) {
	s.mu.Lock()
	r := s.pending[key]
	s.mu.Unlock()
	if r != nil {
		r.requestContext.end(context.Canceled, nil)
	}
}

// refuse answers from the read loop, and so does not wait.
func (s *session) refuse(kind link.Kind, key requestKey, e *Error) {
	if e.Node == "" {
		e = e.at("", "", s.server.Name())
	}
	if e.Executed == ExecutedMaybe {
		e.Executed = ExecutedNo
	}
	s.log.Debug("message refused", "request", key.String(), "code", int(e.Code), "err", e.Message)
	if s.peer != nil {
		s.peer.refuse(key.id, e)
		return
	}
	s.refuseJSON(kind, key.u, e)
}

// warn is [Server.warn] of what the other end does.
func (s *session) warn(msg string, args ...any) {
	s.server.warn(s.log, s.link.RemoteAddr(), msg, args...)
}

// pendingCalls is how many calls are under way on the link, in both directions.
func (s *session) pendingCalls() int {
	n := int(s.inFlight.Load())
	if s.peer != nil {
		n += s.peer.slots.Len()
	}
	return n
}

// from returns where a request comes from. A node vouches for whom it asks on
// behalf of.
func (s *session) from(r *wire.Request) origin {
	o := origin{peer: s.link.RemoteAddr(), hops: r.Hops, identity: *s.known()}
	if s.peer == nil || s.peer.said.Node == "" {
		o.hops = 0 // only nodes pass calls on
		return o
	}
	o.node = s.peer.said.Node
	if r.Caller != nil {
		o.identity = Identity{Name: r.Caller.Name, Claims: r.Caller.Claims}
	} else {
		o.identity = Identity{} // the node's own: nobody's, whichever end opened the link
	}
	return o
}
