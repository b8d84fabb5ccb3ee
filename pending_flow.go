package mpreg

import (
	"context"
	"errors"

	"github.com/mpreg/mpreg/internal/wire"
)

// What goes to the caller of a request before its answer.

// openFlow opens the flow of a request that asks for items or events.
func (r *pendingRequest) openFlow(request *wire.Request) {
	flow := newOutflow(request)
	r.session.mu.Lock()
	r.flow = flow
	r.session.mu.Unlock()
}

// allow allows for more items of the request with this key. It may be unknown:
// its last item may have been sent.
func (s *session) allow(key requestKey, items, bytes uint64) {
	s.mu.Lock()
	r := s.pending[key]
	var flow *outflow
	if r != nil {
		flow = r.flow
	}
	s.mu.Unlock()
	if flow != nil {
		flow.credit(items, bytes)
	}
}

// item implements asker.
func (r *pendingRequest) item(ctx context.Context, v Value) error {
	if err := r.flow.take(ctx, int64(len(v.Bytes()))); err != nil {
		return err
	}
	err := r.flow.send(ctx, func() error { return r.session.sendItem(ctx, r, v) })
	if _, told := errors.AsType[*Error](err); err == nil || told {
		return err
	}
	if _, unfit := errors.AsType[*wire.Error](err); unfit {
		return err
	}
	// The link is lost, which the session is about to see. That is nobody's fault who
	// runs the function.
	return newError(Canceled, ExecutedYes, "the caller takes no more items: %w", err)
}

// sendItem writes an item of a stream.
func (s *session) sendItem(ctx context.Context, r *pendingRequest, v Value) error {
	name, n := r.exec.request.Commands[r.exec.plan.Results[0]].Name, r.exec.items.Load()
	if s.peer == nil {
		buf, _ := messages.Get().(*[]byte)
		defer recycle(buf)
		var err error
		if *buf, err = wire.AppendItem((*buf)[:0], r.key.u, name, n-1, v, s.server.config.MaxMessageBytes); err != nil {
			return err
		}
		return s.link.SendThen(ctx, r.kind, *buf, nil)
	}
	f := s.peer.newFrame()
	if err := f.Item(r.key.id, v, s.answerLimit()); err != nil {
		return err
	}
	return s.peer.write(ctx, f, nil)
}

// event implements asker.
func (r *pendingRequest) event(e *wire.Event) {
	s := r.session
	err := r.flow.send(&r.requestContext, func() error {
		if s.peer == nil {
			message, err := wire.AppendEvent(nil, r.key.u, e)
			if err != nil {
				return err
			}
			return s.link.SendThen(&r.requestContext, r.kind, message, nil)
		}
		f := s.peer.newFrame()
		if err := f.Event(r.key.id, e); err != nil {
			return err
		}
		return s.peer.write(&r.requestContext, f, nil)
	})
	if err != nil {
		s.log.Debug("event not sent", "request", r.key.String(), "command", e.Name, "err", err)
	}
}
