package mpreg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// invoke runs the function with the invocation's arguments and returns its
// result in the codec of who asked. Errors are what the function returned, or
// an *Error. It notes in call that the function started.
func (f *Function) invoke(ctx context.Context, inv *Invocation, call *callContext) (Value, error) {
	if f.foreign != nil {
		return f.foreign(ctx, inv, call)
	}
	if f.turns != nil {
		// Before anything is decoded: a refusal must cost less than a call.
		if err := f.turns.take(ctx); err != nil {
			return Value{}, err
		}
		defer f.turns.give()
	}
	fr, _ := f.frames.Get().(*frame)
	defer f.release(fr)
	if err := f.decode(fr, inv); err != nil {
		return Value{}, err
	}
	call.started.Store(true)
	result, err := f.call(ctx, fr)
	switch {
	case err != nil:
		return Value{}, handlerError(ctx, err)
	case f.stream:
		return iterate(ctx, result, call)
	case f.result == nil:
		return Value{}, nil
	default:
		return encodeResult(call, result.Interface())
	}
}

func encodeResult(call *callContext, x any) (Value, error) {
	v, err := call.exec.encode(x)
	if err != nil {
		return Value{}, newError(Internal, ExecutedYes, "the result can't be encoded: %v", err)
	}
	return v, nil
}

// decode fills fr with the arguments of inv.
func (f *Function) decode(fr *frame, inv *Invocation) error {
	args := inv.Args
	if f.variadic {
		last := len(f.params) - 1
		if len(args) < last {
			return f.arityError(inv)
		}
		if len(inv.Kwargs) > 0 {
			return newError(InvalidArgument, ExecutedNo, "a variadic function takes no keyword arguments")
		}
		if err := f.decodeVariadic(fr, args[last:]); err != nil {
			return err
		}
		args = args[:last]
	} else if err := f.decodeKeywords(fr, inv); err != nil {
		return err
	}
	for i, arg := range args {
		if err := arg.Decode(fr.ptrs[i]); err != nil {
			return argumentError(i, f.params[i], err)
		}
	}
	return f.check(fr)
}

// decodeKeywords checks the number of the arguments of a function that is not
// variadic, and fills the parameter that takes keywords.
func (f *Function) decodeKeywords(fr *frame, inv *Invocation) error {
	given, takes := len(inv.Args), len(f.params)
	switch {
	case given == takes && len(inv.Kwargs) == 0:
		return nil
	case f.keywords == nil && len(inv.Kwargs) > 0:
		return newError(InvalidArgument, ExecutedNo, "the function takes no keyword arguments: its signature is %s", f)
	case given == takes && f.keywords != nil:
		return newError(InvalidArgument, ExecutedNo,
			"argument %d is given both by its place and by keywords: give one", takes-1)
	case given == takes-1 && f.keywords != nil:
		return f.keywords.fill(fr.params[takes-1], inv.Kwargs)
	default:
		return f.arityError(inv)
	}
}

func (f *Function) arityError(inv *Invocation) error {
	n := len(f.params)
	want := arguments(n)
	switch {
	case f.variadic:
		want = "at least " + arguments(n-1)
	case f.keywords != nil:
		want += fmt.Sprintf(", or %d and keywords for the last", n-1)
	}
	return newError(InvalidArgument, ExecutedNo, "want %s, got %d: the signature is %s", want, len(inv.Args), f)
}

func arguments(n int) string {
	if n == 1 {
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

func (f *Function) decodeVariadic(fr *frame, args []Value) error {
	last := len(f.params) - 1
	list := fr.params[last]
	if f.params[last].Elem() == valueType {
		// Encoded values are taken as they are. None are an empty list, not nil:
		// echos() returns [].
		list.Set(reflect.ValueOf(append([]Value{}, args...)))
		return nil
	}
	list.Set(reflect.MakeSlice(f.params[last], len(args), len(args)))
	for i, arg := range args {
		if err := arg.Decode(list.Index(i).Addr().Interface()); err != nil {
			return argumentError(last+i, f.params[last].Elem(), err)
		}
	}
	return nil
}

// misfit says in JSON's words what encoding/json says in Go's: callers may be
// written in anything.
func misfit(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return err
	case wrong.Field != "":
		return fmt.Errorf("its field %q is a %s", wrong.Field, wrong.Value)
	default:
		return fmt.Errorf("it is a %s", wrong.Value)
	}
}

func argumentError(i int, want reflect.Type, err error) error {
	e := newError(InvalidArgument, ExecutedNo, "argument %d does not fit %s: %w", i, typeName(want), misfit(err))
	e.Details = map[string]any{"argument": int64(i)} // as it comes out of JSON
	return e
}

// handlerError turns what a function returned into what its caller gets. An error's
// own methods may panic as the function may.
func handlerError(ctx context.Context, err error) (e *Error) {
	defer func() {
		if r := recover(); r != nil {
			e = panicked(newPanicError(r))
		}
	}()
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
		// Nothing may be asked of it.
		return newError(Failed, ExecutedYes, "the function returned a nil %T as its error", err)
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		return panicked(p)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return passedOn(e, err)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return endError(ctx, ExecutedYes)
	}
	out := &Error{Code: Failed, Message: err.Error(), Executed: ExecutedYes, cause: err}
	if code, ok := errors.AsType[Code](err); ok && code > 0 {
		out.Code = code
		if err == error(code) { //nolint:errorlint // wrapped, it says more than its number
			out.Message = noMessage
		}
	}
	return out
}

// noMessage stands for the message of an error that has but a code, so that no text
// ends where it should begin.
const noMessage = "the function says no more"

func panicked(p *panicError) *Error {
	return &Error{Code: Internal, Message: "the function panicked; the node's log has the stack", Executed: ExecutedYes, cause: p}
}

// ownCodes is where the codes of applications begin, whose messages are theirs.
const ownCodes = 2000

// passedOn is e, which a function returned, perhaps wrapped in err: its code
// stays, but it is now this function that failed, and it ran. Where e came from
// stays in its details.
func passedOn(e *Error, err error) *Error {
	out := &Error{Code: e.Code, Message: e.Message, Executed: ExecutedYes, Details: e.Details, cause: err}
	if out.Code <= 0 {
		out.Code = Failed // not a code that can be sent
	}
	if err != error(e) { //nolint:errorlint // wrapped, its text is the one to tell
		out.Message = err.Error()
	}
	if out.Message == "" {
		out.Message = noMessage
	}
	if e.Function != "" {
		if out.Message == e.Message && e.Code < ownCodes && e.Code != Failed {
			out.Message = fmt.Sprintf("calling %q at node %q: %s", e.Function, e.Node, e.Message)
		}
		w := e.toWire()
		// In the form in which it comes out of JSON, for callers in this process.
		out.Details = map[string]any{"cause": map[string]any{
			"code": int64(w.Code), "message": w.Message, "details": w.Details,
		}}
	}
	return out
}
