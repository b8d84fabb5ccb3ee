package mpreg

import (
	"context"
	"slices"

	"github.com/mpreg/mpreg/codec"
)

// Value is an encoded value: what travels, and what a function that takes or
// returns a Value sees without anybody having decoded it. It may be a part of the
// message that it came in: to keep it for long is to keep all of that. See
// [codec.Value].
type Value = codec.Value

// Kwargs are keyword arguments. As the last argument of a call they are sent
// as such; as the last parameter of a function they receive all keywords.
type Kwargs map[string]any

// Invocation is one call of one function, as interceptors see it. What one of them
// changes is seen by those behind it. At a client that is what the call becomes. At a
// node the function was chosen before: Args and Kwargs reach it as they are then, while
// [Info] tells what the caller asked for, as does the node to another if the call could
// not begin here and is tried there.
type Invocation struct {
	Function string
	Command  string // the command's name within its request
	Locs     []string
	Args     []Value
	Kwargs   map[string]Value

	// Headers travel with the request to every command of it. On a client, an
	// interceptor may add to them; nil until somebody does.
	Headers map[string]string

	// Request is the call graph on the way through a client's interceptors in
	// Do, and nil everywhere else. Function and Args are empty then, and so is
	// the Value that Invoker returns: results are in the Response of Do.
	Request *Request

	view     *Client   // that the call is made on
	response *Response // of Request
}

// Invoker makes a call, or passes it on.
type Invoker func(context.Context, *Invocation) (Value, error)

// Interceptor wraps an Invoker: it is called once, and what it returns for
// every call. Given to a client it is around each Call and each Do, where the
// call is made; given to a server, around each command, where it is executed.
// The first of several is the outermost. One that calls the next Invoker returns
// only after that has: the call counts as ended then. An error that an
// interceptor returns reaches the caller as if the function had returned it, as
// not executed if the function was not called.
type Interceptor func(Invoker) Invoker

// intercept returns invoke behind all interceptors.
func intercept(invoke Invoker, interceptors []Interceptor) Invoker {
	for _, interceptor := range slices.Backward(interceptors) {
		invoke = interceptor(invoke)
	}
	return invoke
}
