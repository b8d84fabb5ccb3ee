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
	s := r.session
	request, err := r.decode()
	if err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		r.fail(e, r.leave)
		return
	}
	from := s.from(request)
	r.hops = int(from.hops)
	if request.Fetch != nil {
		r.answerFetch(request)
		return
	}
	if from.node == "" {
		request.Keep = 0 // a client has no use for a lease
		if len(request.Splices) > 0 {
			r.fail(newError(PermissionDenied, ExecutedNo, "only nodes pass on calls whose arguments are held elsewhere"), r.leave)
			return
		}
	}
	if err := s.server.checkCluster(request); err != nil {
		r.fail(err, r.leave)
		return
	}
	if d := request.Timeout(); d > 0 {
		r.expireIn(d)
	}
	if r.exec, err = newExecution(s.server, from, request, s.resultCodec(request)); err != nil {
		r.fail(asError(err), r.leave)
		return
	}
	if request.Stream || request.Events {
		r.begin(request)
	}
	r.attend()
	r.exec.run(&r.requestContext, r)
	r.requestContext.settle() // a drain is to wait for an early answer too
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

// answer implements asker.
func (r *pendingRequest) answer(e *execution, response *wire.Response, failure *Error) {
	var leave func()
	if e.atRest {
		leave = r.leave
	}
	switch {
	case failure != nil:
		r.fail(failure, leave)
	case r.Err() != nil: // what comes too late does not come, whoever is first to say so
		r.session.server.letGo(response)
		r.fail(e.interrupted(&r.requestContext), leave)
	default:
		if r.session.peer != nil && e.request.IsCall() {
			response.Results[0].Name = "" // who called knows it
			r.hold(e, &response.Results[0])
		}
		r.settle(response, leave)
	}
}

// fail is settle with an error.
func (r *pendingRequest) fail(e *Error, queued func()) {
	e = e.at("", "", r.session.server.Name()).onHop(r.hops)
	r.session.log.Debug("request failed", "request", r.key.String(), "command", e.Command, "function", e.Function,
		"code", int(e.Code), "executed", e.Executed.String(), "err", e.Message)
	r.settle(&wire.Response{U: r.key.u, Error: e.toWire()}, queued)
}

// settle answers the request, unless that was done. queued, if it is not nil, is
// called when the answer has its room in the link's queue: until then whatever
// the request is counted in bounds what waits for room.
func (r *pendingRequest) settle(response *wire.Response, queued func()) {
	if !r.answered.CompareAndSwap(false, true) {
		r.session.server.letGo(response)
		return
	}
	s := r.session
	s.mu.Lock()
	if s.pending[r.key] == r { // an auth message has no place there, whatever its u
		delete(s.pending, r.key)
	}
	s.mu.Unlock()
	if r.flow != nil {
		r.flow.end()
	}
	var err error
	if s.peer != nil {
		err = s.answerFrame(r, response, queued)
	} else {
		err = s.answerJSON(r, response, queued)
	}
	// The link bounds how long an answer can wait. Who does not get it has lost
	// the link, and knows.
	if err != nil {
		s.log.Debug("answer not sent", "request", r.key.String(), "err", err)
		s.server.letGo(response)
	}
}

// answerFrame sends an answer as a frame.
func (s *session) answerFrame(r *pendingRequest, response *wire.Response, queued func()) error {
	f := s.peer.newFrame()
	if err := f.Response(r.key.id, response, s.answerLimit()); err != nil {
		f.Reset()
		if err := f.Response(r.key.id, s.unsendable(r, err), 0); err != nil {
			return err
		}
	}
	return s.peer.write(context.Background(), f, queued)
}

// answerLimit bounds the frames that the other end takes.
func (s *session) answerLimit() int64 {
	limit := s.server.config.MaxMessageBytes
	if theirs := s.peer.said.Limits.MessageBytes; theirs > 0 {
		limit = min(limit, theirs)
	}
	return limit
}

// answerJSON sends an answer as a JSON message.
func (s *session) answerJSON(r *pendingRequest, response *wire.Response, queued func()) error {
	buf, _ := messages.Get().(*[]byte)
	defer recycle(buf)
	var err error
	if *buf, err = wire.AppendResponse((*buf)[:0], response, s.server.config.MaxMessageBytes); err != nil {
		*buf, _ = wire.AppendResponse((*buf)[:0], s.unsendable(r, err), 0)
	}
	return s.link.SendThen(context.Background(), r.kind, *buf, queued)
}

// unsendable is the answer instead of one that can't be written.
func (s *session) unsendable(r *pendingRequest, err error) *wire.Response {
	e := asError(err)
	e.Executed = ExecutedYes
	return &wire.Response{U: r.key.u, Error: e.at("", "", s.server.Name()).onHop(r.hops).toWire()}
}

// messages are buffers that JSON messages are written in.
var messages = sync.Pool{New: func() any { return new([]byte) }}

// recycle keeps a buffer, unless it has grown so large that keeping it would
// hold on to memory that is rarely needed.
func recycle(buf *[]byte) {
	if cap(*buf) <= link.LargeMessage { // which a link copies
		messages.Put(buf)
	}
}
