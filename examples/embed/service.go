package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mpreg/mpreg"
)

// stopTimeout bounds what HTTP requests have to end in, once the node has
// drained.
const stopTimeout = 10 * time.Second

// service is an HTTP server with a node behind one of its routes: /health and
// /orders for everybody, /mpreg for those who call its functions by websocket.
type service struct {
	listener net.Listener
	web      *http.Server
	node     *mpreg.Server
}

// newService returns a service that serve will run on l.
func newService(l net.Listener, log *slog.Logger) (*service, error) {
	node, err := mpreg.NewServer(mpreg.Config{Name: "orders"},
		mpreg.WithMount("ws://"+l.Addr().String()+"/mpreg"), // where others reach the route below
		mpreg.WithLogger(log.With("part", "mpreg")))
	if err != nil {
		return nil, err
	}
	b := newBook(map[string]int{"coffee": 450, "tea": 320})
	err = errors.Join(
		node.Register("orders.place", b.place),
		node.Register("orders.list", mpreg.Func(b.list, mpreg.Idempotent())))
	if err != nil {
		return nil, err
	}

	api := &api{client: node.Client().With(mpreg.Timeout(callTimeout)), log: log.With("part", "http")}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", api.health)
	mux.HandleFunc("GET /orders", api.listOrders)
	mux.HandleFunc("POST /orders", api.placeOrder)
	mux.Handle("/mpreg", node)
	web := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return &service{listener: l, web: web, node: node}, nil
}

// serve runs the service until ctx ends, and stops it so that nobody is cut
// off. First the node drains, which Shutdown would not wait for: a websocket is
// not the HTTP server's any more. Meanwhile the routes still answer, with status
// 503, so that a load balancer learns from /health to send its requests
// elsewhere. Then the HTTP server finishes what it has, and ends.
func (s *service) serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	web := make(chan error, 1)
	go func() {
		defer stop() // without its HTTP server nobody reaches the node
		web <- s.web.Serve(s.listener)
	}()
	err := s.node.Serve(ctx)

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err = errors.Join(err, s.web.Shutdown(ctx))
	if webErr := <-web; !errors.Is(webErr, http.ErrServerClosed) {
		err = errors.Join(err, webErr)
	}
	return err
}
