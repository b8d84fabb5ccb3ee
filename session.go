package mpreg

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// session is a link that someone opened to this node, and the requests that
// came in on it. It is the link's Handler: nothing that is called from there
// waits for anything.
type session struct {
	server *Server
	link   *link.Link // set by serve, before anything comes in
	log    *slog.Logger
	ctx    context.Context // ends with the link, and when the node stops waiting

	running  sync.WaitGroup // requests, and whatever else the session started
	inFlight atomic.Int64
	ended    chan struct{} // closed when nothing of it runs any more

	mu       sync.Mutex
	open     *link.Link                 // link, once it is up
	closing  string                     // the reason to close it, once there is one
	pending  map[string]*pendingRequest // by u, until they are answered
	identity *Identity                  // nil until authenticated, where that is asked for

	authenticating atomic.Bool // an auth message is being looked at
}

// serve reads the link until it ends, and then waits for all that it started.
func (s *session) serve(l *link.Link) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	s.link, s.ctx, s.log = l, ctx, s.server.log.With("peer", l.RemoteAddr())
	s.mu.Lock()
	s.open = l
	if s.closing != "" {
		l.BeginClose(link.StatusGoingAway, s.closing)
	}
	s.mu.Unlock()
	s.log.Debug("link opened")
	if s.server.options.authenticate != nil {
		anonymous := time.AfterFunc(s.server.config.HandshakeTimeout, s.expectIdentity)
		defer anonymous.Stop()
	}
	err := l.Serve(s)
	s.log.Debug("link closed", "reason", err)
	cancel(&endReason{newError(Unavailable, ExecutedMaybe, "the link to the caller is gone: %w", err)})
	s.running.Wait()
}

// expectIdentity ends a link that nobody has shown a token on: it would take the
// place of one that may do something.
func (s *session) expectIdentity() {
	s.mu.Lock()
	known := s.identity != nil
	s.mu.Unlock()
	if !known {
		s.link.BeginClose(link.StatusPolicy, "no token was accepted in time")
	}
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

// Message implements link.Handler.
func (s *session) Message(kind link.Kind, data []byte) {
	head := wire.Sniff(data)
	switch head.Role {
	case wire.RoleRequest:
		s.begin(kind, head.U, data)
	case wire.RoleCancel:
		s.cancel(kind, head.U, data)
	case wire.RoleAuth:
		s.authenticate(kind, head.U, data)
	default:
		s.refuse(kind, head.U, unknownRole(head.Role, data))
	}
}

// Oversized implements link.Handler.
func (s *session) Oversized(kind link.Kind, head []byte, size int64) {
	s.log.Warn("message over the limit discarded", "bytes", size, "limit", s.server.config.MaxMessageBytes)
	e := newError(ResourceExhausted, ExecutedNo, "the message has more than the %d bytes that this node takes",
		s.server.config.MaxMessageBytes)
	e.Details = map[string]any{wire.DetailLimit: "message_bytes", wire.DetailMax: s.server.config.MaxMessageBytes}
	s.refuse(kind, wire.Sniff(head).U, e)
}

// unknownRole explains a message that can't be told what it is.
func unknownRole(role string, data []byte) *Error {
	if _, err := wire.DecodeHead(data); err != nil {
		return asError(err)
	}
	if role == "" {
		return newError(InvalidRequest, ExecutedNo, `the message has no "role"`)
	}
	return newError(InvalidRequest, ExecutedNo, "unknown role %q: known are %q, %q and %q",
		role, wire.RoleRequest, wire.RoleCancel, wire.RoleAuth)
}

// pendingRequest is a request that came in on a session and was not answered.
type pendingRequest struct {
	admission
	session  *session
	u        string
	kind     link.Kind
	ctx      context.Context
	cancel   context.CancelCauseFunc
	answered atomic.Bool
}

// begin admits a request and hands it to a worker, which decodes it: the read
// loop goes on whatever its size.
func (s *session) begin(kind link.Kind, u string, data []byte) {
	r, err := s.admit(kind, u, len(data))
	if err != nil {
		s.refuse(kind, u, err)
		return
	}
	message := bytes.Clone(data)
	s.server.workers.do(func() {
		defer s.release(r)
		s.execute(r, message)
	})
}

// admit takes a request in, if there is room for it. What it counts, release
// gives back.
func (s *session) admit(kind link.Kind, u string, size int) (*pendingRequest, *Error) {
	if u == "" {
		return nil, newError(InvalidRequest, ExecutedNo, `the request has no "u", which has to be a string that is not empty`)
	}
	if len(u) > wire.MaxID {
		e := newError(ResourceExhausted, ExecutedNo, `the request's "u" has more than %d bytes`, wire.MaxID)
		e.Details = map[string]any{wire.DetailLimit: "u_bytes", wire.DetailMax: wire.MaxID}
		return nil, e
	}
	if s.inFlight.Load() >= int64(s.server.config.MaxInFlightPerLink) {
		return nil, inFlightError("in_flight_per_link", int64(s.server.config.MaxInFlightPerLink), "requests are running on this connection")
	}
	s.mu.Lock()
	_, taken := s.pending[u]
	identified := s.identity != nil
	s.mu.Unlock()
	switch {
	case !identified:
		return nil, newError(Unauthenticated, ExecutedNo, "this node asks for a token: send it in the Authorization header, or in an auth message")
	case taken:
		return nil, newError(InvalidRequest, ExecutedNo, "another request with the u %q is running on this connection", u)
	}
	place, err := s.server.admit(false, size)
	if err != nil {
		return nil, err
	}
	s.inFlight.Add(1)
	s.running.Add(1)
	r := &pendingRequest{admission: place, session: s, u: u, kind: kind}
	r.ctx, r.cancel = context.WithCancelCause(s.ctx)
	s.mu.Lock()
	s.pending[u] = r
	s.mu.Unlock()
	return r, nil
}

// release ends what admit began, when nothing of the request runs any more.
func (s *session) release(r *pendingRequest) {
	if !r.answered.Load() { // a bug of ours, and no reason to leave the caller waiting
		r.fail(newError(Internal, ExecutedMaybe, "the request ended without an answer"), nil)
	}
	r.cancel(nil)
	r.leave()
	r.end()
	s.running.Done()
}

// leave gives the request's place to others; see [admission].
func (r *pendingRequest) leave() {
	if r.counted {
		r.session.inFlight.Add(-1)
	}
	r.admission.leave()
}

// execute runs an admitted request. Its deadline and its caller's cancel are
// answered when they happen, even if the function does not heed its context.
func (s *session) execute(r *pendingRequest, message []byte) {
	request, err := wire.DecodeRequest(message)
	if err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		r.fail(e, r.leave)
		return
	}
	request.U = r.u
	if err := s.server.checkCluster(request); err != nil {
		r.fail(err, r.leave)
		return
	}
	ctx := r.ctx
	if d := request.Timeout(); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	exec, err := newExecution(s.server, origin{peer: s.link.RemoteAddr(), identity: s.who()}, request, codec.JSON{})
	if err != nil {
		r.fail(asError(err), r.leave)
		return
	}
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		r.fail(exec.interrupted(ctx), nil)
	})
	exec.run(ctx, func(response *wire.Response, failure *Error) {
		leave := r.leave
		if !exec.atRest {
			leave = nil
		}
		if failure != nil {
			r.fail(failure, leave)
			return
		}
		r.settle(response, leave)
	})
	if !stop() {
		<-told // a drain is to wait for this answer too
	}
}

func (s *session) who() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.identity
}

// fail is settle with an error.
func (r *pendingRequest) fail(e *Error, queued func()) {
	if e.Node == "" {
		e = e.at("", "", r.session.server.Name())
	}
	r.session.log.Debug("request failed", "request", r.u, "command", e.Command, "function", e.Function,
		"code", int(e.Code), "executed", e.Executed.String(), "err", e.Message)
	r.settle(&wire.Response{U: r.u, Error: e.toWire()}, queued)
}

// settle answers the request, unless that was done. queued, if it is not nil, is
// called when the answer has its room in the link's queue: until then whatever
// the request is counted in bounds what waits for room.
func (r *pendingRequest) settle(response *wire.Response, queued func()) {
	if !r.answered.CompareAndSwap(false, true) {
		return
	}
	s := r.session
	s.mu.Lock()
	if s.pending[r.u] == r { // an auth message has no place there, whatever its u
		delete(s.pending, r.u)
	}
	s.mu.Unlock()
	buf, _ := messages.Get().(*[]byte)
	defer recycle(buf)
	var err error
	if *buf, err = wire.AppendResponse((*buf)[:0], response, s.server.config.MaxMessageBytes); err != nil {
		failure := asError(err)
		failure.Executed = ExecutedYes
		*buf, _ = wire.AppendResponse((*buf)[:0], &wire.Response{U: r.u, Error: failure.at("", "", s.server.Name()).toWire()}, 0)
	}
	// The link bounds how long this can wait. Who does not get the answer has
	// lost the link, and knows.
	if err := s.link.SendThen(context.Background(), r.kind, *buf, queued); err != nil {
		s.log.Debug("answer not sent", "request", r.u, "err", err)
	}
}

// refuse answers from the read loop, and so does not wait: a peer that fills
// the queue with refusals that it does not read loses its link.
func (s *session) refuse(kind link.Kind, u string, e *Error) {
	if u == "" || len(u) > wire.MaxID {
		u = "unknown"
	}
	if e.Node == "" {
		e = e.at("", "", s.server.Name())
	}
	if e.Executed == ExecutedMaybe {
		e.Executed = ExecutedNo
	}
	s.log.Debug("message refused", "request", u, "code", int(e.Code), "err", e.Message)
	message, _ := wire.AppendResponse(nil, &wire.Response{U: u, Error: e.toWire()}, 0)
	if err := s.link.TrySend(kind, message); errors.Is(err, link.ErrQueueFull) {
		s.link.Abort(err) // a link that is closing already has answers to write
	}
}

// cancel ends a request whose caller gave up. One that was answered, or never
// was, is no error: the messages may have crossed.
func (s *session) cancel(kind link.Kind, u string, data []byte) {
	if _, err := wire.DecodeCancel(data); err != nil {
		s.refuse(kind, u, asError(err))
		return
	}
	s.mu.Lock()
	r := s.pending[u]
	s.mu.Unlock()
	if r != nil {
		r.cancel(context.Canceled)
	}
}

// messages are buffers that responses and requests are written in.
var messages = sync.Pool{New: func() any { return new([]byte) }}

// recycle keeps a buffer, unless it has grown so large that keeping it would
// hold on to memory that is rarely needed.
func recycle(buf *[]byte) {
	if cap(*buf) <= link.LargeMessage { // which a link copies
		messages.Put(buf)
	}
}
