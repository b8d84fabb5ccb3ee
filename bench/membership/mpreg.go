package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mpreg/mpreg"
)

var mpregContender = contender{name: "mpreg", helpers: watchHelpers, open: openMpreg}

// mpregCluster is mpreg with its defaults.
type mpregCluster struct {
	network *network
	board   *board
	nodes   []mpregNode
	ending  sync.WaitGroup
}

type mpregNode struct {
	server *mpreg.Server
	stop   context.CancelFunc // nil before it is started
	ended  chan struct{}      // closed when Serve has returned
	err    error              // and what; read after ended
}

func openMpreg(n *network, b *board) cluster {
	return &mpregCluster{network: n, board: b, nodes: make([]mpregNode, b.size)}
}

// start implements cluster.
func (c *mpregCluster) start(ctx context.Context, node int) (uint64, error) {
	h := c.network.hosts[node]
	l, err := h.listen(ctx)
	if err != nil {
		return 0, err
	}
	cfg := mpreg.Config{Name: nodeName(node), DrainTimeout: 10 * time.Second}
	for _, seed := range c.nodes[:min(seeds, node)] {
		cfg.Peers = append(cfg.Peers, seed.server.URL())
	}
	s, err := mpreg.NewServer(cfg, mpreg.WithListener(l), mpreg.WithDialer(h.dial), mpreg.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return 0, errors.Join(err, l.Close())
	}
	for _, o := range catalogOf(node) {
		if err := s.Register(o.function, work, o.loc); err != nil {
			return 0, errors.Join(err, l.Close())
		}
	}
	n := &c.nodes[node]
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	*n = mpregNode{server: s, stop: stop, ended: make(chan struct{})}
	c.ending.Go(func() {
		defer close(n.ended)
		n.err = s.Serve(serving)
	})
	c.ending.Go(func() { watch(serving, s, node, c.board) })
	if err := s.Ready(ctx); err != nil {
		return 0, err
	}
	return version(s), nil
}

// work is what all functions do, if somebody called them.
func work(n int) int { return n }

// offer implements cluster.
func (c *mpregCluster) offer(node int, o offer) (uint64, error) {
	s := c.nodes[node].server
	if err := s.Register(o.function, work, o.loc); err != nil {
		return 0, err
	}
	return version(s), nil
}

// leave implements cluster.
func (c *mpregCluster) leave(ctx context.Context, node int) error {
	n := &c.nodes[node]
	n.stop()
	select {
	case <-n.ended:
		return n.err
	case <-ctx.Done():
		return fmt.Errorf("node %d does not come to an end: %w", node, ctx.Err())
	}
}

// kill implements cluster.
func (c *mpregCluster) kill(node int) {
	if stop := c.nodes[node].stop; stop != nil {
		stop()
	}
}

// close implements cluster.
func (c *mpregCluster) close() error {
	for i := range c.nodes {
		c.kill(i)
	}
	c.ending.Wait()
	return nil
}
