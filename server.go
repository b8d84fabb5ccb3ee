package mpreg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/mpreg/mpreg/internal/lease"
	"github.com/mpreg/mpreg/internal/route"
)

// Server is a node: it offers the functions of its [Registry] to whoever
// connects. It is made by [NewServer] and lives as long as [Server.Serve] runs.
// Its methods may be called concurrently.
type Server struct {
	Registry

	options  serverOptions
	config   Config
	id       string
	node     route.Node // this one, as a choice reads it; its InFlight are the commands that run here
	started  time.Time
	log      *slog.Logger
	builtins Registry
	cluster  cluster
	invoker  Invoker // interceptors around invokeFunction

	resources     atomic.Pointer[[]string]
	inFlight      atomic.Int64 // requests that were admitted and not released
	inFlightBytes atomic.Int64 // and the sizes of their messages
	requests      sync.WaitGroup
	pool          pool
	leases        *lease.Store // results that others fetch
	said          said         // what was logged once
	ignored       overdue      // calls whose context has ended, and their function has not

	dialing     context.Context // of the dials to other nodes; ends when none is needed any more
	stopDialing context.CancelFunc

	mu       sync.Mutex
	state    serverState
	base     context.Context // of all that runs; ends when the drain deadline passed
	stopBase context.CancelCauseFunc
	url      string
	urls     []string // that and others
	sessions map[*session]struct{}
	lent     map[*lent]struct{} // results that are held for others
	drains   chan struct{}      // closed when the node begins to drain
	ready    chan struct{}      // closed when serving
	ended    chan struct{}      // closed when Serve returned
	outcome  error              // and what it returned
}

type serverState uint8

const (
	stateNew serverState = iota
	stateConfigured
	stateStarting // it listens, and takes no links yet
	stateServing
	stateDraining
	stateStopped
)

// NewServer returns a node that is not serving yet. It does no I/O. The error
// names what is wrong in cfg.
func NewServer(cfg Config, opts ...ServerOption) (*Server, error) {
	s := newServer()
	if err := s.configure(cfg, opts); err != nil {
		return nil, err
	}
	return s, nil
}

func newServer() *Server {
	s := &Server{
		started:  time.Now(),
		id:       ulid.Make().String(),
		sessions: make(map[*session]struct{}),
		drains:   make(chan struct{}),
		ready:    make(chan struct{}),
		ended:    make(chan struct{}),
		lent:     make(map[*lent]struct{}),
		base:     context.Background(),
	}
	s.dialing, s.stopDialing = context.WithCancel(context.Background())
	s.cluster.self, s.cluster.members, s.cluster.offered = s, make(map[string]*member), emptyCatalog
	s.node.ID = s.id
	s.Registry.node, s.builtins.node = &s.node, &s.node
	s.cluster.routes = route.New(route.Home[runFunc]{Node: &s.node, Offer: s.cluster.own, Clock: s.cluster.clock})
	s.changed = s.cluster.changed
	return s
}

var errServesOnce = errors.New("mpreg: Serve was called before: a Server serves once")

// configure is apart from newServer for the default server, which learns its
// configuration when it serves.
func (s *Server) configure(cfg Config, opts []ServerOption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != stateNew {
		return errServesOnce
	}
	if err := cfg.validate(); err != nil {
		return err
	}
	s.options = serverOptions{} // those of an attempt that failed
	for _, opt := range opts {
		if opt != nil {
			opt.applyServer(&s.options)
		}
	}
	if err := s.options.validate(); err != nil {
		return err
	}
	if err := s.SetResources(cfg.Resources...); err != nil {
		return err
	}
	s.config = cfg.withDefaults()
	if s.config.Name == "" {
		s.config.Name = defaultName(s.id)
	}
	s.log = s.options.logger
	if s.log == nil {
		s.log = slog.Default()
	}
	s.log = s.log.With("node", s.config.Name)
	s.ignored.log = s.log
	s.leases = lease.New(lease.Config{Memory: s.config.LeaseMemoryBytes, Total: s.config.MaxLeaseBytes, Logger: s.log})
	s.invoker = intercept(s.invokeFunction, s.options.interceptors)
	if err := s.registerBuiltins(); err != nil {
		return err
	}
	s.state = stateConfigured
	return nil
}

func defaultName(id string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "-" + id[len(id)-6:]
}

// ID returns the node's id, a ULID that is new with each Server.
func (s *Server) ID() string { return s.id }

// Name returns the node's name.
func (s *Server) Name() string {
	if !s.configured() {
		return ""
	}
	return s.config.Name
}

// configured reports whether the configuration is settled, and makes it visible:
// the default server's is not before it serves.
func (s *Server) configured() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state >= stateConfigured
}

// URL returns the URL by which the node is reached: the first of its
// Config.AdvertisedURLs, the one that it is mounted under, or the one that it
// listens on; empty before it is ready.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// Members lists the nodes of the cluster, this one first.
func (s *Server) Members() []Member {
	if !s.configured() {
		return nil
	}
	return s.cluster.list()
}

// Resources returns the locs that every function of the node offers besides its
// own, sorted. The slice must not be modified.
func (s *Server) Resources() []string {
	if p := s.resources.Load(); p != nil {
		return *p
	}
	return nil
}

// SetResources replaces the node's resources, at most 1,024: datasets come and go.
// Calls that were routed already go on. After an error nothing has changed.
func (s *Server) SetResources(locs ...string) error {
	set, err := locSet(locs)
	if err != nil {
		return fmt.Errorf("mpreg: resources: %w", err)
	}
	s.resources.Store(&set)
	s.cluster.changed()
	return nil
}

// Ready waits until the node serves. Its error is ctx's, or says that Serve has
// ended.
func (s *Server) Ready(ctx context.Context) error {
	select {
	case <-s.ended: // which comes after ready
	default:
		select {
		case <-s.ready:
			return nil
		case <-s.ended:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil { // whatever came first
		return fmt.Errorf("mpreg: waiting for the node: %w", err)
	}
	if s.outcome != nil {
		return fmt.Errorf("mpreg: the node has stopped: %w", s.outcome)
	}
	return errors.New("mpreg: the node has stopped")
}

// Serve runs the node until ctx ends, and then drains it: it accepts no further
// links and refuses new requests as [Unavailable], which their callers may
// repeat elsewhere; it lets what runs end, answers it, and closes the links. It
// returns nil after that; an error if Config.DrainTimeout passed before, when it
// has cancelled what was left and did not wait for functions that don't heed
// their context; and at once if it can't listen. A Server serves once.
func (s *Server) Serve(ctx context.Context) (err error) {
	if !s.configured() { // the default server
		cfg, err := ConfigFromEnv()
		if err != nil {
			return err
		}
		if err := s.configure(cfg, nil); err != nil {
			return err
		}
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer func() { s.finish(err) }()
	web, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if s.options.authenticate == nil && s.options.mountURL == "" && !loopback(s.config.Host) {
		s.log.Warn("whoever reaches this node may call all of its functions: it has no authenticator", "host", s.config.Host)
	}
	s.log.Info("node serves", "url", s.URL(), "id", s.id, "cluster", s.config.ClusterID)
	s.cluster.begin()
	s.open()
	s.cluster.startSeeds() // not before: a node that is not open has no room for a link
	web.serve()
	close(s.ready)
	select {
	case <-ctx.Done():
	case err = <-web.failed:
	}
	return errors.Join(err, s.drain(web))
}

func (s *Server) begin(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != stateConfigured {
		return errServesOnce
	}
	s.state = stateStarting
	s.base, s.stopBase = context.WithCancelCause(context.WithoutCancel(ctx))
	return nil
}

// open lets links in: the node knows by now what to tell them.
func (s *Server) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = stateServing
}

func (s *Server) finish(outcome error) {
	_ = s.leases.Close()
	s.ignored.close()
	s.cluster.close() // of a node that could not listen; else it is closed by now
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcome = outcome
	s.state = stateStopped
	s.stopBase(&endReason{newError(Unavailable, ExecutedMaybe, "the node has stopped")})
	s.stopDialing()
	close(s.ended)
}

// webServer is the HTTP server of a node that is not mounted.
type webServer struct {
	server   *http.Server // nil if the node is mounted
	listener net.Listener
	name     string     // of the node
	failed   chan error // what ended it, if it was not stopped
	done     sync.WaitGroup
}

// listen listens for connections, unless the node is mounted, and settles its
// URL.
func (s *Server) listen(ctx context.Context) (*webServer, error) {
	web := &webServer{name: s.config.Name, failed: make(chan error, 1)}
	if s.options.mountURL != "" {
		s.setURL(s.options.mountURL)
		return web, nil
	}
	l := s.options.listener
	if l == nil {
		var err error
		addr := net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port))
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", addr); err != nil {
			return nil, fmt.Errorf("mpreg: node %s can't listen on %s: %w", s.config.Name, addr, err)
		}
	}
	scheme := "ws"
	if s.options.tls != nil {
		scheme = "wss"
	}
	s.setURL(urlsOf(scheme, l.Addr())...)
	web.listener = l
	web.server = &http.Server{
		Handler:      s,
		TLSConfig:    s.options.tls,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}, // no HTTP/2: a websocket needs its connection
		ReadTimeout:  s.config.HandshakeTimeout,                                // of requests with a body, too; a websocket is not bounded by it
		WriteTimeout: s.config.HandshakeTimeout,
		IdleTimeout:  s.config.HandshakeTimeout,
		ErrorLog:     slog.NewLogLogger(webLog{s.log.Handler()}, slog.LevelWarn),
		BaseContext:  func(net.Listener) context.Context { return s.base },
	}
	return web, nil
}

// webLog takes what the HTTP server logs. Handshakes that fail are no warnings: any
// port scanner makes them.
type webLog struct{ slog.Handler }

func (w webLog) Handle(ctx context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "http: TLS handshake error") {
		if r.Level = slog.LevelDebug; !w.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return w.Handler.Handle(ctx, r)
}

// serve accepts connections until the server is closed.
func (w *webServer) serve() {
	if w.server == nil {
		return
	}
	w.done.Go(func() {
		var err error
		if w.server.TLSConfig != nil {
			err = w.server.ServeTLS(w.listener, "", "")
		} else {
			err = w.server.Serve(w.listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			w.failed <- fmt.Errorf("mpreg: node %s stopped accepting: %w", w.name, err)
		}
	})
}

func (s *Server) linkCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}
