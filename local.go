package mpreg

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
)

// runHere runs a command with a function of this node. If that fails its arguments and
// headers are what they were before, for an attempt elsewhere.
func (s *Server) runHere(ctx context.Context, call *callContext, o *offer) (Value, error) {
	call.fn = o.fn
	given := call.invocation
	if len(s.options.interceptors) > 0 { // they may change it
		call.invocation.Args, call.invocation.Kwargs = slices.Clip(slices.Clone(given.Args)), maps.Clone(given.Kwargs)
		call.invocation.Headers = maps.Clone(given.Headers)
	}
	v, err := s.runFilled(ctx, call)
	if err != nil {
		inv := &call.invocation // of which what was left behind may still read the rest
		inv.Args, inv.Kwargs, inv.Headers = given.Args, given.Kwargs, given.Headers
	}
	return v, err
}

// runFilled is runHere for a command whose function is known.
func (s *Server) runFilled(ctx context.Context, call *callContext) (Value, error) {
	size, err := s.fill(ctx, call)
	if err != nil {
		return Value{}, asError(err).at("", "", s.Name())
	}
	if size > 0 {
		defer s.inFlightBytes.Add(-size)
	}
	s.node.InFlight.Add(1)
	defer s.node.InFlight.Add(-1)
	v, err := s.runLocal(ctx, call)
	if err == nil && call.emit != nil && !call.fn.stream {
		if err = call.emit(ctx, v); err != nil { // what is no stream is one item
			failure := *asError(err)
			failure.Executed = ExecutedYes
			return Value{}, &failure
		}
		return Value{}, nil
	}
	return v, err
}

// runLocal runs a command on this node: authorizer, interceptors, function. The
// error is an *Error that says whether the function started.
func (s *Server) runLocal(ctx context.Context, call *callContext) (v Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = newPanicError(r)
		}
		if err != nil {
			err = s.localError(ctx, call, err)
		}
	}()
	if s.options.authorize != nil {
		if err := s.options.authorize(ctx, &call.invocation); err != nil {
			return Value{}, denied(err)
		}
	}
	return s.invoker(ctx, &call.invocation)
}

// denied is what an authorizer's error says to the caller.
func denied(err error) *Error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // a wrapped one was not meant to be told
		c := *e
		c.Executed = ExecutedNo
		return &c
	}
	return &Error{Code: PermissionDenied, Message: err.Error(), Executed: ExecutedNo, cause: err}
}

// invokeFunction is the innermost Invoker: the function that ctx's command was
// routed to.
func (s *Server) invokeFunction(ctx context.Context, inv *Invocation) (Value, error) {
	call, _ := ctx.Value(callKey{}).(*callContext)
	if call == nil {
		return Value{}, newError(Internal, ExecutedNo, "an interceptor replaced the context of the call instead of deriving from it")
	}
	return call.fn.invoke(ctx, inv, call)
}

// localError is what the caller gets to know of an error, and the log.
func (s *Server) localError(ctx context.Context, call *callContext, err error) error {
	e, ours := err.(*Error) //nolint:errorlint // one that a function wrapped is what the function returned
	if !ours || e == nil {
		e = handlerError(ctx, err)
	}
	if e.Function != "" {
		e = passedOn(e, err) // what an interceptor got from another call
	} else {
		c := *e // an application's error may be a variable of many calls
		e = &c
	}
	said := e.Executed
	e.Executed = ExecutedNo
	if call.started.Load() {
		e.Executed = ExecutedYes
		if said == ExecutedMaybe && call.fn != nil && call.fn.foreign != nil {
			// Who runs it may be gone. That it did not run is said by what failed
			// behind it, an interceptor's own call for one, of itself.
			e.Executed = ExecutedMaybe
		}
	}
	if e.Code == Internal && e.Details["cause"] == nil {
		s.logFault(ctx, call, e)
	}
	return e
}

// logFault tells the log what the caller need not know, of a fault that is this
// node's.
func (s *Server) logFault(ctx context.Context, call *callContext, e *Error) {
	cmd := call.command()
	log := s.log.With("peer", call.exec.origin.peer, "peer_id", call.exec.origin.node, "request", call.exec.request.U,
		"command", cmd.Name, "function", cmd.Function)
	p, ok := e.cause.(*panicError) //nolint:errorlint // only a panic of this very call
	if !ok {
		log.WarnContext(ctx, "call failed", "err", e.Message)
		return
	}
	if !call.started.Load() {
		e.Message = "what the node runs before a function panicked; the node's log has the stack"
	}
	log.ErrorContext(ctx, "function panicked", "panic", fmt.Sprint(p.value), "stack", string(p.stack))
}

// panicError is a panic, with what only the log may see.
type panicError struct {
	value any
	stack []byte
}

func newPanicError(value any) *panicError {
	if value == nil {
		value = "the function called runtime.Goexit"
	}
	return &panicError{value: value, stack: debug.Stack()}
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
