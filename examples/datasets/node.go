package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/mpreg/mpreg"
)

// start returns a node that serves on a free port of 127.0.0.1, in one cluster
// with its peers, until stop has drained it.
func start(ctx context.Context, name string, peers ...string) (node *mpreg.Server, stop func() error, err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	node, err = mpreg.NewServer(mpreg.Config{Name: name, Peers: peers}, mpreg.WithLogger(log))
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()
	stop = func() error {
		cancel()
		return <-served
	}
	if err := node.Ready(ctx); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return node, stop, nil
}

// offer has a node predict by a model, for calls that name its dataset.
func offer(node *mpreg.Server, m *Model) error {
	return node.Register("predict", m.Predict, m.name)
}

// move moves a model from one node to another so that there is no moment without
// it: it is offered at the new place, then known to be, then withdrawn from the
// old one. Calls that run there end there; one that comes too late, from a node
// that has not heard of it yet, is passed on to where the model is now.
func move(ctx context.Context, m *Model, from, to *mpreg.Server) error {
	if err := offer(to, m); err != nil {
		return err
	}
	if err := awaitOffer(ctx, from, to, m); err != nil {
		return err
	}
	if !from.Unregister("predict", m.name) {
		return fmt.Errorf("%s did not offer %s", from.Name(), m.name)
	}
	return nil
}

// awaitOffer waits until one node knows that the other offers the model.
func awaitOffer(ctx context.Context, node, other *mpreg.Server, m *Model) error {
	return await(ctx, func() bool {
		return slices.ContainsFunc(node.Members(), func(member mpreg.Member) bool {
			return member.ID == other.ID() && slices.Contains(datasets(member.Functions), m.name)
		})
	})
}

// datasets lists those that a node predicts by.
func datasets(functions []mpreg.FunctionInfo) []string {
	var names []string
	for _, f := range functions {
		if f.Name == "predict" {
			names = append(names, f.Locs...)
		}
	}
	return names
}

// await waits until a condition holds that nobody announces.
func await(ctx context.Context, holds func() bool) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}
