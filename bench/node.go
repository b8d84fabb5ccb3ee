package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// logger keeps to what spoils a measurement: lost links, refused peers.
var logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))

// node is an mpreg node that serves on a free port.
type node struct {
	*mpreg.Server
	stop  context.CancelFunc
	ended chan error
}

// startNode runs a node with the functions that setup registers, and returns when
// it is reachable.
func startNode(ctx context.Context, cfg mpreg.Config, c codec.Codec, setup ...func(*mpreg.Server) error) (*node, error) {
	s, err := mpreg.NewServer(cfg, mpreg.WithCodec(c), mpreg.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	for _, f := range setup {
		if err := f(s); err != nil {
			return nil, err
		}
	}
	n := &node{Server: s, ended: make(chan error, 1)}
	serving, stop := context.WithCancel(ctx)
	n.stop = stop
	go func() { n.ended <- s.Serve(serving) }()
	if err := s.Ready(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// Close stops the node and waits for its end.
func (n *node) Close() error {
	n.stop()
	return <-n.ended
}

// connect returns a client that is connected to the node.
func (n *node) connect(ctx context.Context, c codec.Codec, opts ...mpreg.ClientOption) (*mpreg.Client, error) {
	client := mpreg.NewClient(n.URL(), append(opts, mpreg.WithCodec(c), mpreg.WithLogger(logger))...)
	if err := client.Ready(ctx); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return client, nil
}

// awaitMembers waits until each node knows all of them.
func awaitMembers(ctx context.Context, nodes ...*node) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for _, n := range nodes {
		for len(n.Members()) < len(nodes) {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return fmt.Errorf("node %s knows %d of %d nodes: %w", n.Name(), len(n.Members()), len(nodes), ctx.Err())
			}
		}
	}
	return nil
}
