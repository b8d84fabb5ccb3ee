package mpreg

import (
	"bytes"
	"context"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// requestKey tells the requests of a link apart: by the u of JSON messages or
// the id of frames.
type requestKey struct {
	u  string
	id uint64
}

func (k requestKey) String() string {
	if k.u != "" {
		return k.u
	}
	return strconv.FormatUint(k.id, 10)
}

// pendingRequest is a request that came in on a session and was not answered.
type pendingRequest struct {
	admission
	requestContext
	session *session
	key     requestKey
	kind    link.Kind // of the JSON message
	message []byte
	large   *link.Large // instead of message, until it is decoded: the pieces of a large frame
	hops    int

	exec     *execution
	flow     *outflow       // what comes before the answer; nil if the request asks for no such thing
	telling  sync.WaitGroup // an early answer
	answered atomic.Bool
}

// begin admits a request and hands it to a worker, which decodes it: the read
// loop goes on whatever its size. message is copied unless it is owned.
func (s *session) begin(kind link.Kind, key requestKey, message []byte, owned bool, from entry) {
	r, err := s.admit(kind, key, len(message), from)
	if err != nil {
		s.refuse(kind, key, err)
		return
	}
	if !owned {
		message = bytes.Clone(message)
	}
	r.message = message
	s.server.pool.do(r)
}

// beginLarge is begin for a frame that came in pieces.
func (s *session) beginLarge(key requestKey, f *link.Large) {
	r, err := s.admit(link.Binary, key, f.Len(), fromOutside)
	if err != nil {
		s.refuse(link.Binary, key, err)
		return
	}
	r.large = f
	s.server.pool.do(r)
}

// work implements task.
func (r *pendingRequest) work() {
	defer r.session.finish(r)
	r.execute()
}

// admit takes a request in, if there is room for it. What it counts, finish
// gives back.
func (s *session) admit(kind link.Kind, key requestKey, size int, from entry) (*pendingRequest, *Error) {
	if s.inFlight.Load() >= int64(s.server.config.MaxInFlightPerLink) && !s.ofNode() {
		return nil, inFlightError("in_flight_per_link", int64(s.server.config.MaxInFlightPerLink), "requests are running on this connection")
	}
	s.mu.Lock()
	_, taken := s.pending[key]
	identified := s.identity != nil
	s.mu.Unlock()
	switch {
	case !identified:
		return nil, newError(Unauthenticated, ExecutedNo, "this node asks for a token: send it in the Authorization header, or in an auth message")
	case taken:
		return nil, newError(InvalidRequest, ExecutedNo, "another request with the id %q is running on this connection", key)
	}
	place, err := s.server.admit(from, size)
	if err != nil {
		return nil, err
	}
	s.inFlight.Add(1)
	s.running.Add(1)
	r := &pendingRequest{admission: place, session: s, key: key, kind: kind}
	r.values = s.ctx
	s.mu.Lock()
	s.pending[key] = r
	over := s.over
	s.mu.Unlock()
	if over != nil {
		r.requestContext.end(context.Canceled, over)
	}
	return r, nil
}

// ofNode reports whether another node is at the other end: it passes on the calls of
// many, and bounds them by what it takes itself.
func (s *session) ofNode() bool {
	return s.peer != nil && s.peer.acquainted() && s.peer.said.Node != ""
}

// finish ends what admit began, when nothing of the request runs any more.
func (s *session) finish(r *pendingRequest) {
	if !r.answered.Load() { // a bug of ours, and no reason to leave the caller waiting
		r.fail(newError(Internal, ExecutedMaybe, "the request ended without an answer"), nil)
	}
	r.requestContext.end(context.Canceled, nil)
	r.leave()
	r.admission.end()
	s.closeIfIdle()
	s.running.Done()
}

// leave gives the request's place to others; see [admission].
func (r *pendingRequest) leave() {
	if r.counted {
		r.session.inFlight.Add(-1)
	}
	r.admission.leave()
}

// decode reads the request from its message.
func (r *pendingRequest) decode() (*wire.Request, error) {
	p := r.session.peer
	if p == nil {
		request, err := wire.DecodeRequest(r.message)
		if request != nil {
			request.U = r.key.u
		}
		return request, err
	}
	if r.large != nil {
		r.message, r.large = r.large.Join(), nil
	}
	head, body, err := wire.DecodeFrameHead(r.message)
	if err != nil {
		return nil, err
	}
	return wire.DecodeFrameRequest(head, body, p.codecs)
}

// resultCodec returns the codec that a request's results are wanted in. JSON is
// what every end has.
func (s *session) resultCodec(r *wire.Request) codec.Codec {
	if s.peer != nil && r.Accept != "" {
		if c := s.peer.codecs(r.Accept); c != nil {
			return c
		}
	}
	return codec.JSON{}
}

// execute runs an admitted request. Its deadline and its caller's cancel are
// answered when they happen, even if the function does not heed its context.
func (r *pendingRequest) execute() {
	request, err := r.decode()
	if err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		r.fail(e, r.leave)
		return
	}
	from := r.session.from(request)
	r.hops = int(from.hops)
	if d := request.Timeout(); d > 0 {
		r.expireIn(d)
	}
	if request.Fetch != nil {
		r.answerFetch(request.Fetch)
		return
	}
	if err := r.prepare(from, request); err != nil {
		r.fail(asError(err), r.leave)
		return
	}
	r.attend()
	r.exec.run(&r.requestContext, r)
	r.awaitEarly() // so that a drain waits for an early answer too
}

// prepare makes the execution of a request, or says why nothing of it may run.
func (r *pendingRequest) prepare(from origin, request *wire.Request) (err error) {
	s := r.session
	if from.node == "" {
		request.Keep = 0 // a client has no use for a lease
		if len(request.Splices) > 0 {
			return newError(PermissionDenied, ExecutedNo, "only nodes pass on calls whose arguments are held elsewhere")
		}
	}
	if err := s.server.checkCluster(request); err != nil {
		return err
	}
	if r.exec, err = newExecution(s.server, from, request, s.resultCodec(request)); err != nil {
		return err
	}
	if request.Stream || request.Events {
		r.openFlow(request)
	}
	return nil
}

// attend has the end of the request's context answered when it happens.
func (r *pendingRequest) attend() {
	c := &r.requestContext
	c.mu.Lock()
	defer c.mu.Unlock()
	c.early = r
	if c.err != nil { // it has ended before
		r.telling.Add(1)
		go r.interrupt()
	}
}

// interrupt answers a request whose context has ended before it did.
func (r *pendingRequest) interrupt() {
	defer r.telling.Done()
	r.exec.abandoned()
	r.fail(r.exec.interrupted(&r.requestContext), nil)
}
