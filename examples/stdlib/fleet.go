package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// fleet is the processes of the nodes. None outlives this process: end stops
// them and waits for them, and if end is never reached they see it themselves.
type fleet struct {
	processes []*process
	cancel    context.CancelFunc
}

// newFleet returns a fleet, and the context to start its processes with and to
// use them in: it ends when one of them does, since nobody has its packages then.
func newFleet(ctx context.Context) (context.Context, *fleet) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, &fleet{cancel: cancel}
}

// start adds a node that holds the packages, as a peer of those that were
// started before it, and returns once it serves.
func (f *fleet) start(ctx context.Context, packages []string) (*process, error) {
	p, err := startProcess(ctx, fmt.Sprintf("node-%d", len(f.processes)+1), f.urls(), packages)
	if err != nil {
		return nil, err
	}
	f.processes = append(f.processes, p)
	go func() {
		p.wait()
		f.cancel()
		close(p.ended)
	}()
	return p, nil
}

func (f *fleet) urls() []string {
	urls := make([]string, len(f.processes))
	for i, p := range f.processes {
		urls[i] = p.url
	}
	return urls
}

// end stops the processes, the last first, so that no node misses a peer, and
// waits until they have drained. It returns how those ended that did not end in
// this way.
func (f *fleet) end() error {
	f.cancel()
	var errs []error
	for _, p := range slices.Backward(f.processes) {
		p.stop()
		<-p.ended
		errs = append(errs, p.err)
	}
	return errors.Join(errs...)
}
