package mpreg_test

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mpreg/mpreg"
)

// startNode runs a node that offers functions until stop, which waits for its
// end. The examples are about other things than that, which [Example] shows.
func startNode(functions map[string]any, opts ...mpreg.ServerOption) (node *mpreg.Server, stop func()) {
	return startPeer(mpreg.Config{Name: "node-1"}, functions, opts...)
}

// startPeer is startNode for one of several.
func startPeer(cfg mpreg.Config, functions map[string]any, opts ...mpreg.ServerOption) (node *mpreg.Server, stop func()) {
	quiet := mpreg.WithLogger(slog.New(slog.DiscardHandler))
	node, err := mpreg.NewServer(cfg, append(opts, quiet)...)
	if err != nil {
		panic(err)
	}
	for name, fn := range functions {
		if err := node.Register(name, fn); err != nil {
			panic(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()
	if err := node.Ready(ctx); err != nil {
		panic(errors.Join(err, <-served))
	}
	return node, func() {
		cancel()
		if err := <-served; err != nil {
			panic(err)
		}
	}
}
