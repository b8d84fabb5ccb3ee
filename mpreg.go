// Package mpreg lets programs call each other's functions by what they do and
// what data they do it to, not by where they are. A program imports it,
// registers typed Go functions, and serves; anyone who can open a websocket to
// it, from Go, a browser, Python or a shell, calls them, one at a time or as a
// graph of calls that use each other's results.
//
//	mpreg.MustRegister("add", func(a, b int) int { return a + b })
//	err := mpreg.Serve(ctx) // until ctx ends, and all that was accepted is answered
//
//	c := mpreg.NewClient("ws://127.0.0.1:6747")
//	sum, err := mpreg.Call[int](ctx, c, "add", 1, 2)
//
// # Four nouns
//
// A node is a [Server] that serves. A function is a typed Go function under a
// name, with locs: labels of the data or the devices that it runs against; it
// serves a call that asks for no others. A [Request] is one or more commands,
// whose arguments may be other commands' results. A link is the websocket
// between a node and a [Client], or another node.
//
// # Where to look
//
// What a program offers: [Registry.Register] says what a function may be, and [Func]
// how often it may run; [NewServer], [Server.Serve] and [Config] make it a node.
//
// What it calls: [NewClient], [Call], [Stream], [CallAll] and [Bind]; [Client.With]
// takes locs, time limits and other options. [Server.Client] and [FromContext] are
// clients within a node. [NewRequest] begins a request of several commands, which
// [Client.Do] runs.
//
// Who may call, and what is seen of it: [WithAuthenticator], [WithAuthorizer],
// [WithInterceptors], [WithObserver] and [InfoFromContext].
//
// The other nodes: [Config].Peers finds them, [Server.Members] and [Server.Watch] tell
// of them. Package mpregtest runs clusters in a test.
//
// # Errors
//
// The error of a call is an [*Error]: which command, which function, on which
// node, and whether the function may have run ([Executed]). errors.Is(err,
// mpreg.NotFound) asks for its [Code]; deadline and cancel errors match those of
// package context too. What surely did not start is tried at other nodes; what
// may have started only if its function is [Idempotent].
//
// # Values
//
// Arguments and results are whatever encoding/json can carry. Numbers keep their
// kind: into any they become int64, uint64, *big.Int or float64. A parameter or
// result of type [Value] is passed on as the bytes that it is. A function that
// returns an [iter.Seq2] is a stream; see [Func] and [Stream].
//
// # Caveats
//
// A node listens on 127.0.0.1 unless it is told otherwise, and whoever reaches it
// may call everything: before others can, give it TLS and an [Authenticator].
//
// Calls are made at most once, not exactly once: one that fails may have done its
// work, and says so. A request of several commands is no transaction: when one
// fails, others have run.
//
// Nothing is stored. There is no queue that outlives a process: a call is made now
// or fails, [WaitForRoute] waits no longer than its context, and what a node was
// doing when it died is gone. Streams are not resumed.
//
// Values are held in memory, as a whole and encoded, by who sends them, who runs
// the function and who coordinates the request: none is larger than
// [Config].MaxMessageBytes. Results that other commands use may go to temporary
// files of the node that made them, beyond [Config].LeaseMemoryBytes. Send what is
// larger, or has no end, as a stream.
//
// There is no deadline unless somebody sets one: by a context, or by [Timeout]. A
// function that does not heed its context runs on after its caller was told of
// the deadline. It stays counted among the calls in flight, and a drain waits for
// it. Without [MaxConcurrent] as many calls of a function run as come in.
//
// Nodes learn within moments of what others offer, not at once: after Register a call
// that enters at another node may find nobody yet.
//
// The nodes of a cluster trust each other: a node is believed on whose behalf it
// calls.
//
// In a request without explicit references, as clients in other languages send
// it, a string that equals another command's name refers to that command's
// result. Requests that are built with [NewRequest] don't have that ambiguity.
package mpreg

import (
	"context"
	"sync"
)

var defaultServer = sync.OnceValue(newServer)

// Default returns the default server, which [Register] and [Serve] work on.
func Default() *Server { return defaultServer() }

// Register offers a function on the default server; see [Registry.Register].
func Register(name string, fn any, locs ...string) error {
	return Default().Register(name, fn, locs...)
}

// MustRegister is [Register] for program start: it panics with the error.
func MustRegister(name string, fn any, locs ...string) {
	if err := Register(name, fn, locs...); err != nil {
		panic(err)
	}
}

// Serve runs the default server, configured by [ConfigFromEnv], until ctx ends
// and it has drained; see [Server.Serve].
func Serve(ctx context.Context, opts ...ServerOption) error {
	cfg, err := ConfigFromEnv()
	if err != nil {
		return err
	}
	if err := Default().configure(cfg, opts); err != nil {
		return err
	}
	return Default().Serve(ctx)
}
