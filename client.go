package mpreg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mpreg/mpreg/codec"
	"github.com/mpreg/mpreg/internal/wire"
)

// Client calls functions of a cluster, through any of its nodes. It is made by
// [NewClient], [Server.Client] or [FromContext], and safe for concurrent use:
// a process needs one.
//
// A Client connects when it is first used, to the first of its URLs that
// answers, and again, in the background, when the connection is lost or its node
// drains: to the next URL then, at once. A call that is made while an attempt to
// connect is under way waits for it, as long as its context lets it. After an
// attempt that failed, and before the next, calls fail at once with [Unavailable]
// and what it failed with; [WaitForRoute] has them wait, and [Client.Ready] waits
// until an attempt succeeds. Attempts are 250 ms apart at first and 10 s at last,
// less a random part.
//
// A request that surely did not start, because the connection was lost before it
// was sent, or its node drains, is sent again on the connection that comes next,
// three times in all or once more than there are URLs. One that may have started
// is sent again only by a view with [Idempotent], and only for one call in ten, and
// a hundred more: a cluster in trouble is not to be buried by those who try again.
// A stream of which an item has come is not. The error of a request that was sent
// several times has the number as "attempts" in its details.
type Client struct {
	core *clientCore
	call callOptions // of this view
}

// clientCore is what the views of a client share.
type clientCore struct {
	caller  caller
	invoker Invoker // interceptors around send
}

// caller has requests executed: by a node at the other end of a link, or by
// the one that the client is part of.
type caller interface {
	// do has a request answered. to takes what comes before the response; nil if the
	// request asks for nothing that does.
	do(ctx context.Context, r *wire.Request, to receiver) (*wire.Response, error)
	codec() codec.Codec // that arguments are best encoded with
	ready(ctx context.Context) error
	close() error
}

// NewClient returns a client of the cluster that the nodes at these websocket
// URLs belong to, separated by commas: "ws://a:6747,wss://b/mpreg". It does no
// I/O and never fails: what is wrong with a URL is the error of each call.
func NewClient(urls string, opts ...ClientOption) *Client {
	var o clientOptions
	for _, opt := range opts {
		if opt != nil {
			opt.applyClient(&o)
		}
	}
	var list []string
	for text := range strings.SplitSeq(urls, ",") {
		if text = strings.TrimSpace(text); text != "" {
			list = append(list, text)
		}
	}
	if err := checkURLs(list); err != nil {
		return newClient(nowhere{err}, o.interceptors, o.call)
	}
	return newClient(newConn(list, &o), o.interceptors, o.call)
}

// checkURLs tells a URL that can never work from a node that is not there.
func checkURLs(list []string) *Error {
	if len(list) == 0 {
		return newError(InvalidArgument, ExecutedNo, "the client has no URL: NewClient wants those of nodes, such as ws://127.0.0.1:%d", DefaultPort)
	}
	for _, text := range list {
		if hasUser(text) {
			return newError(InvalidArgument, ExecutedNo, "%s", userInURL)
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || !isPort(u.Port()) {
			return newError(InvalidArgument, ExecutedNo, "%q is no URL of a node: it looks like ws://host:port or wss://host/path", text)
		}
	}
	return nil
}

// userInURL says what is wrong with a URL that hasUser, and does not repeat it.
const userInURL = "a URL with a user or password in it: a websocket's can't have them; give a token by WithToken"

// hasUser reports whether a URL has a user in it, or a password. The websocket
// library refuses it only when it dials, with both of them in its error.
func hasUser(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return strings.Contains(text, "@")
	}
	return u.User != nil
}

// isPort reports whether the port of a URL, which has digits only, is one or none.
func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil
}

func newClient(c caller, interceptors []Interceptor, call callOptions) *Client {
	core := &clientCore{caller: c}
	core.invoker = intercept(core.send, interceptors)
	return &Client{core: core, call: call}
}

// With returns a view of the client, on the same connection, whose calls have
// these options besides those of c.
func (c *Client) With(opts ...CallOption) *Client {
	view := *c
	for _, opt := range opts {
		if opt != nil {
			opt.applyCall(&view.call)
		}
	}
	return &view
}

// Call calls a function and returns its encoded result; [Call] with a type
// argument decodes it. [Kwargs] as the last argument are keyword arguments. The
// error is an *[Error].
func (c *Client) Call(ctx context.Context, fn string, args ...any) (Value, error) {
	block := &struct { // most calls have one argument
		Invocation
		arg [1]Value
	}{}
	inv := &block.Invocation
	inv.Function, inv.Command, inv.Locs, inv.Headers, inv.view = fn, fn, c.call.locs, maps.Clone(c.call.headers), c
	var err error
	before := marks.Load()
	if inv.Args, inv.Kwargs, err = encodeArgs(c.core.caller.codec(), args, block.arg[:0]); err != nil {
		return Value{}, asError(err).at("", fn, "")
	}
	if marks.Load() != before && slices.ContainsFunc(inv.Args, hasPlaceholder) {
		return Value{}, newError(InvalidArgument, ExecutedNo,
			"a command is an argument: it stands for its result only within its request, see Client.Do").at("", fn, "")
	}
	return c.invoke(ctx, inv)
}

// Do has a call graph executed. The error is an *[Error] about the command that
// failed first; the results of others are lost with it.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	if r == nil {
		return nil, newError(InvalidRequest, ExecutedNo, "the request is nil")
	}
	inv := &Invocation{Request: r, Locs: c.call.locs, Headers: maps.Clone(c.call.headers), view: c}
	if _, err := c.invoke(ctx, inv); err != nil {
		return nil, err
	}
	if inv.response == nil {
		return nil, newError(Internal, ExecutedMaybe, "an interceptor answered for a request without having it executed")
	}
	return inv.response, nil
}

func (c *Client) invoke(ctx context.Context, inv *Invocation) (Value, error) {
	if c.call.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.call.timeout)
		defer cancel()
	}
	v, err := c.core.invoker(ctx, inv)
	if err != nil {
		return Value{}, clientError(err).at(inv.Command, inv.Function, "")
	}
	return v, nil
}

// clientError returns err as an *Error; one that an interceptor made up is
// about a call of which nothing is known.
func clientError(err error) *Error {
	if e, ok := err.(*Error); ok { //nolint:errorlint // a wrapped one is kept in its wrapping
		return e
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return &Error{Code: Failed, Message: err.Error(), cause: err}
	}
	c := *e
	c.Message, c.cause = err.Error(), err
	return &c
}

// send is the innermost Invoker of a client.
func (core *clientCore) send(ctx context.Context, inv *Invocation) (Value, error) {
	if inv.view == nil {
		return Value{}, newError(Internal, ExecutedNo, "an interceptor replaced the Invocation: pass on the one that it got")
	}
	var r *wire.Request
	var names []string
	if inv.Request != nil {
		var err error
		if r, names, err = inv.Request.encode(core.caller.codec(), inv.Locs); err != nil {
			return Value{}, err
		}
	} else {
		one := inv.single()
		r = &one.request
		if _, ok := core.caller.(*conn); ok {
			defer one.release()
		}
	}
	call := &inv.view.call
	if call.stream != nil && call.stream.count > 0 {
		return Value{}, newError(Internal, ExecutedYes, "an interceptor sends a stream again of which items have come")
	}
	if len(r.Headers) == 0 {
		r.Headers = inv.Headers
	} else { // of ParseRequest
		r.Headers = maps.Clone(r.Headers)
		maps.Copy(r.Headers, inv.Headers)
	}
	call.apply(r)
	response, err := core.do(ctx, r, call)
	if err != nil {
		return Value{}, err
	}
	if response.Error != nil {
		return Value{}, fromWire(response.Error)
	}
	if inv.Request != nil {
		inv.response = newResponse(inv.Request, names, response)
		return Value{}, nil
	}
	if len(response.Results) != 1 {
		return Value{}, newError(Internal, ExecutedYes, "the node answered with %d results for one call", len(response.Results))
	}
	return response.Results[0].Value, nil
}

// do has a request executed. Only a client with a connection can change its node.
func (core *clientCore) do(ctx context.Context, r *wire.Request, call *callOptions) (*wire.Response, error) {
	to := newIncoming(call)
	if c, ok := core.caller.(*conn); ok {
		return c.persist(ctx, r, to, call.idempotent)
	}
	return core.caller.do(ctx, r, to)
}

// apply sets what the options say of how a request is executed.
func (o *callOptions) apply(r *wire.Request) {
	r.Node, r.ClusterID = cmp.Or(o.node, r.Node), cmp.Or(o.clusterID, r.ClusterID)
	r.Stream, r.Events = o.stream != nil, r.Events || o.onEvent != nil
	r.WaitForRoute = r.WaitForRoute || o.wait
	if o.hedge {
		r.Hedge, r.HedgeMS = true, float64(o.hedgeAfter)/float64(time.Millisecond)
	}
}

// single is a request of one command.
type single struct {
	request wire.Request
	command [1]wire.Command
}

// singles are those that nobody uses. What goes to a node at the other end of a link
// goes as bytes: when the answer is there nobody knows the request any more. A node of
// this process may know it for longer.
var singles = sync.Pool{New: func() any { return new(single) }}

// single returns the request that the invocation of a function stands for.
func (inv *Invocation) single() *single {
	s, _ := singles.Get().(*single)
	s.command[0] = wire.Command{
		Name: inv.Command, Function: inv.Function, Args: inv.Args, Kwargs: inv.Kwargs, Locs: inv.Locs,
	}
	s.request.Commands = s.command[:]
	return s
}

func (s *single) release() {
	*s = single{}
	singles.Put(s)
}

// Ready waits until the client is connected. Its error is ctx's, and says what
// the last attempt failed with.
func (c *Client) Ready(ctx context.Context) error { return c.core.caller.ready(ctx) }

// Close closes the connection, of all views. Calls that run fail, later ones
// too, with an error that matches [ErrClosed]. It does nothing to the client of
// a node, which lives as long as the node.
func (c *Client) Close() error { return c.core.caller.close() }

// encodeArgs encodes positional arguments, and keyword arguments if the last is
// Kwargs. It appends to values, which may be nil; what others append to the result
// is theirs alone.
func encodeArgs(c codec.Codec, args []any, values []Value) ([]Value, map[string]Value, error) {
	var kwargs map[string]Value
	if n := len(args); n > 0 {
		if last, ok := args[n-1].(Kwargs); ok {
			kwargs = make(map[string]Value, len(last))
			for key, arg := range last {
				v, err := codec.Encode(c, arg)
				if err != nil {
					return nil, nil, unencodable(fmt.Sprintf("keyword %q", key), err)
				}
				kwargs[key] = v
			}
			args = args[:n-1]
		}
	}
	values = slices.Grow(values, len(args))
	for i, arg := range args {
		v, err := codec.Encode(c, arg)
		if err != nil {
			return nil, nil, unencodable(fmt.Sprintf("argument %d", i), err)
		}
		values = append(values, v)
	}
	return slices.Clip(values), kwargs, nil
}

func unencodable(what string, err error) error {
	return newError(InvalidArgument, ExecutedNo, "%s can't be encoded: %w", what, err)
}
