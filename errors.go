package mpreg

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/mpreg/mpreg/internal/wire"
)

// Code says what kind of failure an [Error] is. It is an error itself, so that
// errors.Is(err, mpreg.NotFound) asks for it. Printed by %v it is that error,
// "mpreg: not_found"; String has the bare name. Applications have the codes from
// 2000 on for their own.
type Code int

// The codes of the protocol, in parentheses as they are named in texts.
const (
	NotFound          Code = 1001 // not_found: no node offers the function, or none with these locs
	Internal          Code = 1002 // internal: the function panicked, or mpreg is at fault; the node's log has the stack
	Failed            Code = 1003 // failed: the function returned an error; this is its message
	InvalidRequest    Code = 1004 // invalid_request: malformed message, unknown role, bad call graph
	WrongCluster      Code = 1005 // wrong_cluster: the caller's cluster id is another than the node's
	InvalidArgument   Code = 1006 // invalid_argument: arguments don't fit the signature or its validation, or a result doesn't fit the caller's type
	DeadlineExceeded  Code = 1007 // deadline_exceeded: also matches context.DeadlineExceeded
	Canceled          Code = 1008 // canceled: also matches context.Canceled
	Unauthenticated   Code = 1009 // unauthenticated: credentials are missing or wrong
	PermissionDenied  Code = 1010 // permission_denied: the caller may not run this function
	ResourceExhausted Code = 1011 // resource_exhausted: a limit, named in the details
	Unavailable       Code = 1012 // unavailable: node gone, link lost, draining
)

var codeNames = map[Code]string{
	NotFound: "not_found", Internal: "internal", Failed: "failed", InvalidRequest: "invalid_request",
	WrongCluster: "wrong_cluster", InvalidArgument: "invalid_argument", DeadlineExceeded: "deadline_exceeded",
	Canceled: "canceled", Unauthenticated: "unauthenticated", PermissionDenied: "permission_denied",
	ResourceExhausted: "resource_exhausted", Unavailable: "unavailable",
}

// String returns the code's name, such as "not_found", or "code 2001" for a
// code that is not of the protocol.
func (c Code) String() string {
	if name, ok := codeNames[c]; ok {
		return name
	}
	return fmt.Sprintf("code %d", int(c))
}

// Error implements the error interface.
func (c Code) Error() string { return "mpreg: " + c.String() }

// Executed says whether a call that failed may have run. Only what surely did
// not run can be repeated without asking whether running it twice does harm.
type Executed uint8

const (
	// ExecutedMaybe is the zero value and the safe one: nobody knows.
	ExecutedMaybe Executed = iota
	// ExecutedNo: the function surely did not start.
	ExecutedNo
	// ExecutedYes: the function ran, at least in part.
	ExecutedYes
)

// String returns "maybe", "no" or "yes", as on the wire.
func (e Executed) String() string {
	switch e {
	case ExecutedNo:
		return "no"
	case ExecutedYes:
		return "yes"
	default:
		return "maybe"
	}
}

func parseExecuted(s any) Executed {
	switch s {
	case "no":
		return ExecutedNo
	case "yes":
		return ExecutedYes
	default:
		return ExecutedMaybe
	}
}

// Error is every error that a call can end with. It says what failed, where,
// and whether the call may have run; errors.Is(err, code) asks for its code.
// For a request of several commands it is about the one that failed first:
// Executed speaks of that command, and others may have run before it.
type Error struct {
	Code     Code
	Message  string
	Command  string         // the name of the command that failed, if it was one
	Function string         // the function that it called
	Node     string         // the name of the node that ran it, or refused to
	Executed Executed       // whether the function may have run
	Details  map[string]any // what else is known, such as the limit that was hit

	cause error
}

// Errorf returns an error for a function to return: its caller gets the code
// and the message. Use codes from 2000 on for failures of your application;
// a %w verb keeps its operand within reach of errors.Is in this process.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

// Error returns the code's name, the message, and where it happened.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mpreg: %s: %s", e.Code.String(), e.Message)
	sep := " ("
	part := func(format string, args ...any) {
		b.WriteString(sep)
		fmt.Fprintf(&b, format, args...)
		sep = ", "
	}
	if e.Command != "" && e.Command != e.Function {
		part("command %q", e.Command)
	}
	if e.Function != "" {
		part("function %q", e.Function)
	}
	if e.Node != "" {
		part("node %q", e.Node)
	}
	if hop, ok := e.Details[wire.DetailHop].(int64); ok && hop > 0 {
		part("hop %d", hop)
	}
	switch e.Executed {
	case ExecutedNo:
		part("not executed")
	case ExecutedYes:
		part("executed")
	case ExecutedMaybe:
		if sep != " (" { // one of Errorf was not of a call yet
			part("may have been executed")
		}
	}
	if sep != " (" {
		b.WriteString(")")
	}
	return b.String()
}

// Is makes an error match its Code; deadline and cancel errors also match
// context.DeadlineExceeded and context.Canceled.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == DeadlineExceeded
	case context.Canceled:
		return e.Code == Canceled
	}
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap returns what caused the error, where it happened in this process.
func (e *Error) Unwrap() error { return e.cause }

// ErrClosed is matched by the errors of calls on a closed [Client].
var ErrClosed = errors.New("mpreg: client is closed")

// newError is Errorf for errors of mpreg itself, which say from the start
// whether a function may have run.
func newError(code Code, executed Executed, format string, args ...any) *Error {
	e := Errorf(code, format, args...)
	e.Executed = executed
	return e
}

// contextError turns the end of a context into an Error.
func contextError(err error, executed Executed) *Error {
	code, message := Canceled, "the caller gave up"
	if errors.Is(err, context.DeadlineExceeded) {
		code, message = DeadlineExceeded, "the deadline passed before the call ended"
	}
	return &Error{Code: code, Message: message, Executed: executed, cause: err}
}

// endReason is the cause of a context that mpreg itself has ended, apart from
// causes that are an application's, which may be the errors of other calls.
type endReason struct{ err *Error }

func (r *endReason) Error() string { return r.err.Error() }
func (r *endReason) Unwrap() error { return r.err }

// endError is contextError for a context that may have ended for a reason of
// mpreg's own, which says more.
func endError(ctx context.Context, executed Executed) *Error {
	if reason, ok := errors.AsType[*endReason](endCause(ctx)); ok {
		c := *reason.err
		c.Executed = executed
		return &c
	}
	return contextError(ctx.Err(), executed)
}

// asError returns err as an *Error, as an internal one if it is none.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if w, ok := errors.AsType[*wire.Error](err); ok {
		return fromWire(w)
	}
	return &Error{Code: Internal, Message: err.Error(), cause: err}
}

// at returns e with the place of a command filled in where it is not known
// yet.
func (e *Error) at(command, function, node string) *Error {
	c := *e
	if c.Command == "" {
		c.Command = command
	}
	if c.Function == "" {
		c.Function = function
	}
	if c.Node == "" {
		c.Node = node
	}
	return &c
}

// onHop returns e with the number of nodes that had passed the command on, where
// it is not known yet.
func (e *Error) onHop(n int) *Error {
	if n == 0 || e.Details[wire.DetailHop] != nil {
		return e
	}
	return e.with(wire.DetailHop, int64(n))
}

// with returns a copy of e with one more detail: an error may be shared by calls.
func (e *Error) with(key string, value any) *Error {
	c := *e
	c.Details = maps.Clone(e.Details)
	if c.Details == nil {
		c.Details = make(map[string]any, 1)
	}
	c.Details[key] = value
	return &c
}

// placeDetails are the details that stand in fields of Error.
var placeDetails = []string{wire.DetailCommand, wire.DetailFunction, wire.DetailNode, wire.DetailExecuted}

// toWire returns e as it goes to a caller.
func (e *Error) toWire() *wire.Error {
	w := &wire.Error{Code: wire.Code(e.Code), Message: e.Message, Details: maps.Clone(e.Details)}
	if w.Details == nil {
		w.Details = make(map[string]any, len(placeDetails))
	}
	for i, value := range []string{e.Command, e.Function, e.Node} {
		if value != "" {
			w.Details[placeDetails[i]] = value
		}
	}
	w.Details[wire.DetailExecuted] = e.Executed.String()
	return w
}

// fromWire is the opposite of toWire.
func fromWire(w *wire.Error) *Error {
	e := &Error{Code: Code(w.Code), Message: w.Message, Details: maps.Clone(w.Details)}
	e.Command, _ = e.Details[wire.DetailCommand].(string)
	e.Function, _ = e.Details[wire.DetailFunction].(string)
	e.Node, _ = e.Details[wire.DetailNode].(string)
	e.Executed = parseExecuted(e.Details[wire.DetailExecuted])
	for _, key := range placeDetails {
		delete(e.Details, key)
	}
	if len(e.Details) == 0 {
		e.Details = nil
	}
	return e
}
