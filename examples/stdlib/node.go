package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mpreg/mpreg"
)

// drainTimeout is what running calls have to end in when a node is stopped.
const drainTimeout = 5 * time.Second

// nodeMain is a node's process. It lives until it is told to stop, or who
// started it is gone and with it the other end of the standard input, from which
// nothing ever comes.
func nodeMain(o options) error {
	signal.Ignore(os.Interrupt) // a terminal interrupts its whole group: who started the node stops it
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { // a read can't be called off: this ends with the process
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	if err := serveNode(ctx, os.Stdout, o); err != nil {
		return fmt.Errorf("%s: %w", o.node, err)
	}
	return nil
}

// serveNode serves o.packages, and prints the node's URL as soon as it can be
// used.
func serveNode(ctx context.Context, stdout io.Writer, o options) error {
	root, err := goroot(ctx)
	if err != nil {
		return err
	}
	indexes, err := indexAll(root, o.packages)
	if err != nil {
		return err
	}
	cfg := mpreg.Config{Name: o.node, Peers: o.peers, DrainTimeout: drainTimeout}
	node, err := newNode(cfg, indexes, mpreg.WithLogger(newLog()))
	if err != nil {
		return err
	}
	return serve(ctx, node, func(ctx context.Context) error {
		if _, err := fmt.Fprintln(stdout, node.URL()); err != nil {
			return fmt.Errorf("printing the node's URL: %w", err)
		}
		<-ctx.Done()
		return nil
	})
}

// newNode returns a node with a function for each step of an inquiry: those that
// need an index once for each, at its package; the others anywhere.
func newNode(cfg mpreg.Config, indexes []*Index, opts ...mpreg.ServerOption) (*mpreg.Server, error) {
	node, err := mpreg.NewServer(cfg, opts...)
	if err != nil {
		return nil, err
	}
	errs := []error{
		node.Register("weigh", func(ctx context.Context, stats []Stats) Ran[Corpus] {
			return ran(ctx, Weigh(stats))
		}),
		node.Register("rank", func(ctx context.Context, found []Found, limit int) Ran[Ranking] {
			return ran(ctx, Rank(found, limit))
		}),
		node.Register("summarise", func(ctx context.Context, hits []Hit, tally []Tally, c Corpus) Ran[string] {
			return ran(ctx, Summarise(hits, tally, c))
		}),
	}
	for _, ix := range indexes {
		stats := func(ctx context.Context, question string) (Ran[Stats], error) {
			s, err := ix.Stats(question)
			return ran(ctx, s), err
		}
		search := func(ctx context.Context, c Corpus, limit int) Ran[Found] {
			return ran(ctx, ix.Search(c, limit))
		}
		errs = append(errs, node.Register("stats", stats, ix.pkg), node.Register("search", search, ix.pkg))
	}
	return node, errors.Join(errs...)
}

// serve runs the node for as long as use takes, and waits for its end.
func serve(ctx context.Context, node *mpreg.Server, use func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() {
		defer stop() // use need not wait for a node that has ended by itself
		served <- node.Serve(ctx)
	}()
	err := node.Ready(ctx)
	if err == nil {
		err = use(ctx)
	}
	stop()
	return errors.Join(err, <-served)
}
