package mpreg

import (
	"context"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// call has the worker run a function, and waits for that until ctx ends. The error
// says whether it may have run.
func (w *worker) call(ctx context.Context, function string, inv *Invocation, call *callContext) (Value, *Error) {
	u, replied, gone := w.begin()
	if gone != nil {
		return Value{}, gone
	}
	if err := w.send(ctx, u, function, inv, call); err != nil {
		w.take(u)
		return Value{}, err
	}
	var reply workerReply
	select {
	case reply = <-replied:
	case <-ctx.Done():
		if w.take(u) != nil {
			// If the queue is full the worker does not read, and runs on in vain.
			_ = w.session.link.TrySend(w.kind, wire.AppendCancel(nil, u))
			return Value{}, endError(ctx, ExecutedMaybe)
		}
		reply = <-replied // it was on its way
	}
	if reply.lost != nil {
		return Value{}, reply.lost
	}
	a, err := wire.DecodeWorkerAnswer(reply.message)
	if err != nil {
		refusal := asError(err)
		w.session.refuse(reply.kind, requestKey{u: u}, refusal)
		return Value{}, newError(Internal, ExecutedYes, "the worker's answer is malformed: %s", refusal.Message)
	}
	if a.Error != nil {
		return Value{}, workerError(a.Error)
	}
	return a.Value, nil
}

// send sends a call. An error is about one that surely was not sent: of one that
// has its place in the link's queue the fate is told by its reply, or by ctx.
func (w *worker) send(ctx context.Context, u, function string, inv *Invocation, call *callContext) *Error {
	c := &wire.WorkerCall{
		U: u, Function: function, Args: inv.Args, Kwargs: inv.Kwargs, Locs: inv.Locs,
		Traceparent: call.exec.request.Traceparent, Headers: inv.Headers,
	}
	if deadline, ok := ctx.Deadline(); ok {
		c.Timeout = max(time.Until(deadline), 1)
	}
	buf, _ := messages.Get().(*[]byte)
	defer recycle(buf)
	var err error
	if *buf, err = wire.AppendWorkerCall((*buf)[:0], c); err != nil {
		e := asError(err)
		e.Executed = ExecutedNo
		return e
	}
	queued := false
	err = w.session.link.SendThen(ctx, w.kind, *buf, func() {
		queued = true
		call.started.Store(true)
	})
	switch {
	case queued:
		return nil
	case ctx.Err() != nil:
		return endError(ctx, ExecutedNo)
	default:
		return newError(Unavailable, ExecutedNo, "the worker of the function is about to be gone: %w", err)
	}
}

// workerError is what the caller gets to know of an error that a worker answered
// with. The function ran: whatever else it says of itself is not believed.
func workerError(w *wire.Error) *Error {
	e := &Error{Code: Code(w.Code), Message: w.Message, Executed: ExecutedYes, Details: w.Details}
	if _, known := codeNames[e.Code]; !known && e.Code < ownCodes {
		e.Code = Failed
	}
	if e.Message == "" {
		e.Message = "the function failed, and its worker did not say why"
	}
	for _, key := range append([]string{wire.DetailHop}, placeDetails...) {
		delete(e.Details, key)
	}
	if len(e.Details) == 0 {
		e.Details = nil
	}
	return e
}

// answerTooLarge is the error of a call whose answer was discarded.
func answerTooLarge(most int64) *Error {
	e := newError(ResourceExhausted, ExecutedYes, "the worker's answer has more than the %d bytes that this node takes", most)
	e.Details = map[string]any{wire.DetailLimit: "message_bytes", wire.DetailMax: most}
	return e
}
