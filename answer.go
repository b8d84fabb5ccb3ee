package mpreg

import (
	"context"
	"sync"

	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

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
