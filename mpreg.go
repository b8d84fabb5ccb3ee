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
