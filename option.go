package mpreg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/mpreg/mpreg/codec"
)

// ServerOption is what a node can be told that a [Config] can't express.
type ServerOption interface{ applyServer(*serverOptions) }

// ClientOption sets up a [Client].
type ClientOption interface{ applyClient(*clientOptions) }

// Option fits both ends.
type Option interface {
	ServerOption
	ClientOption
}

// CallOption says how calls are made: given to [Client.With] for the calls of
// the view that it returns, given to [NewClient] for all.
type CallOption interface {
	ClientOption
	applyCall(*callOptions)
}

// DialFunc opens a network connection, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// commonOptions are what both ends have.
type commonOptions struct {
	logger       *slog.Logger
	tls          *tls.Config
	codec        codec.Codec
	interceptors []Interceptor
	dial         DialFunc
}

type serverOptions struct {
	commonOptions
	listener     net.Listener
	mounted      bool
	mountURL     string
	authenticate Authenticator
	authorize    Authorizer
	observers    []Observer
	token        string

	// lookup resolves names, for tests; nil is the system's resolver.
	lookup func(ctx context.Context, host string) ([]string, error)
}

// validate refuses what could only fail later, and without a word.
func (o *serverOptions) validate() error {
	if c := o.tls; c != nil && len(c.Certificates) == 0 && c.GetCertificate == nil && c.GetConfigForClient == nil {
		return errors.New("mpreg: WithTLS: a server needs a certificate in its tls.Config")
	}
	if !o.mounted {
		return nil
	}
	if o.listener != nil {
		return errors.New("mpreg: WithMount and WithListener: a node that is mounted does not listen")
	}
	if err := checkURLs([]string{o.mountURL}); err != nil {
		return fmt.Errorf("mpreg: WithMount: %s", err.Message)
	}
	return nil
}

type clientOptions struct {
	commonOptions
	token      string
	maxMessage int64
	call       callOptions
}

type callOptions struct {
	locs      []string
	timeout   time.Duration
	node      string
	headers   map[string]string
	clusterID string

	idempotent bool          // making a call twice does no harm
	wait       bool          // for a route
	hedge      bool          // with a second attempt
	hedgeAfter time.Duration // 0: after what most calls take
	onEvent    func(Event)

	stream *streamed // takes the items of this one call; nil if its result is wanted as a whole
}

type commonOption func(*commonOptions)

func (f commonOption) applyServer(o *serverOptions) { f(&o.commonOptions) }
func (f commonOption) applyClient(o *clientOptions) { f(&o.commonOptions) }

type serverOption func(*serverOptions)

func (f serverOption) applyServer(o *serverOptions) { f(o) }

type bothOption struct {
	serverOption
	clientOption
}

type clientOption func(*clientOptions)

func (f clientOption) applyClient(o *clientOptions) { f(o) }

type callOption func(*callOptions)

func (f callOption) applyCall(o *callOptions)     { f(o) }
func (f callOption) applyClient(o *clientOptions) { f(&o.call) }

// WithLogger sets where an end logs to. Default: slog.Default() when it starts.
// Lines carry node, peer, request and command where there is one.
func WithLogger(l *slog.Logger) Option {
	return commonOption(func(o *commonOptions) { o.logger = l })
}

// WithTLS sets the TLS configuration: a server then listens for wss://
// connections, and needs a certificate in it; a client uses it for its wss://
// URLs, and a node for its peers', which work without it where the system's roots
// are enough.
func WithTLS(c *tls.Config) Option {
	return commonOption(func(o *commonOptions) { o.tls = c })
}

// WithCodec sets the codec that a client encodes arguments with and wants results
// in, and that a node's own client does. CBOR is faster than JSON, and carries
// bytes and NaN; one of your own must be given to all ends that decode its values.
// Nodes that pass a value on need not have its codec. A JSON connection carries
// JSON, and values of other codecs are converted for it. Default: JSON.
func WithCodec(c codec.Codec) Option {
	return commonOption(func(o *commonOptions) { o.codec = c })
}

// WithInterceptors adds interceptors, inside of those that were given before.
func WithInterceptors(i ...Interceptor) Option {
	return commonOption(func(o *commonOptions) { o.interceptors = append(o.interceptors, i...) })
}

// WithDialer sets how connections are opened, a client's and those of a node to
// its peers: for a proxy, or a test's network.
// Default: a net.Dialer. TLS goes on top of what it returns.
func WithDialer(dial DialFunc) Option {
	return commonOption(func(o *commonOptions) { o.dial = dial })
}

// WithListener makes the node accept connections from l instead of listening on
// its Config's host and port. Serve closes it.
func WithListener(l net.Listener) ServerOption {
	return serverOption(func(o *serverOptions) { o.listener = l })
}

// WithMount makes the node part of an HTTP server of the application's own: it
// does not listen, the application routes url's path to [Server.ServeHTTP]. url
// is where others reach it, such as wss://api.example.com/mpreg.
func WithMount(url string) ServerOption {
	return serverOption(func(o *serverOptions) { o.mounted, o.mountURL = true, url })
}

// WithAuthenticator sets who may connect. Default: everybody who can reach the
// node.
func WithAuthenticator(a Authenticator) ServerOption {
	return serverOption(func(o *serverOptions) { o.authenticate = a })
}

// WithAuthorizer sets which caller may run which function. Default: everybody
// everything.
func WithAuthorizer(a Authorizer) ServerOption {
	return serverOption(func(o *serverOptions) { o.authorize = a })
}

// WithObserver adds an observer of what the node executes.
func WithObserver(obs Observer) ServerOption {
	return serverOption(func(o *serverOptions) { o.observers = append(o.observers, obs) })
}

// WithToken sets the token that a client shows, and a node to the peers that it
// dials: as a bearer token in the handshake's Authorization header.
func WithToken(token string) Option {
	return bothOption{
		func(o *serverOptions) { o.token = token },
		func(o *clientOptions) { o.token = token },
	}
}

// WithMaxMessageBytes bounds the answers that a client takes, after
// decompression. Default 64 MiB; negative for no bound.
func WithMaxMessageBytes(n int64) ClientOption {
	return clientOption(func(o *clientOptions) { o.maxMessage = n })
}

// WithClusterID makes a node refuse the calls with [WrongCluster] if it belongs
// to another cluster. Default: it is not checked.
func WithClusterID(id string) CallOption {
	return callOption(func(o *callOptions) { o.clusterID = id })
}

// At adds locs: the calls go to a node that offers the function with all of
// them. In a request they are added to those of each command.
func At(locs ...string) CallOption {
	return callOption(func(o *callOptions) { o.locs = slices.Clip(append(o.locs, locs...)) })
}

// Timeout bounds the time of each call; a context that ends earlier still does.
// Default: none but the context's.
func Timeout(d time.Duration) CallOption {
	return callOption(func(o *callOptions) { o.timeout = d })
}

// OnNode makes the calls run on the node with this id or name, or fail with
// [NotFound].
func OnNode(node string) CallOption {
	return callOption(func(o *callOptions) { o.node = node })
}

// Header adds a header, which every function of the request finds in its
// [Info]. Keys are case-sensitive.
func Header(key, value string) CallOption {
	return callOption(func(o *callOptions) {
		o.headers = maps.Clone(o.headers)
		if o.headers == nil {
			o.headers = make(map[string]string, 1)
		}
		o.headers[key] = value
	})
}

// WaitForRoute makes calls wait for what they need, until their context ends: for
// the client's connection, and at the nodes for one that offers each function
// with its locs. Default: they fail at once, with [Unavailable] or [NotFound].
func WaitForRoute() CallOption {
	return callOption(func(o *callOptions) { o.wait = true })
}

// Hedge has a second attempt made, on another node, of a command that has taken
// this long, if its function is [Idempotent]: the first answer counts, the other
// attempt is canceled. 0 is the time within which the coordinating node has seen
// 95 % of the function's calls end. Hedges count as retries, of which a node makes
// one for ten calls.
func Hedge(after time.Duration) CallOption {
	return callOption(func(o *callOptions) { o.hedge, o.hedgeAfter = true, max(after, 0) })
}

// OnEvent has f told of each command of a call or request when it starts, and
// when it has finished or failed: see [CommandStarted], [CommandFinished] and
// [CommandFailed]. f is called while the call runs, by the goroutine that made it,
// one event after the other, and not after the call has returned; in
// [Client.CallAll] concurrently, as its calls are. A call waits for f. A request
// that is sent again, see [Idempotent], tells its events again.
func OnEvent(f func(Event)) CallOption {
	return callOption(func(o *callOptions) { o.onEvent = f })
}

// bearer returns the handshake's headers for a token.
func bearer(token string) http.Header {
	if token == "" {
		return nil
	}
	return http.Header{"Authorization": {"Bearer " + token}}
}
