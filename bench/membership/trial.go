package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// trial is a scenario with one contender: a fresh cluster on a fresh network.
type trial struct {
	settings
	size     int
	helpers  int // goroutines of the contender's nodes that are the benchmark's
	network  *network
	board    *board
	cluster  cluster
	empty    usage    // before the first node
	versions []uint64 // of the nodes' catalogs
	running  []int    // the nodes that are neither stopped nor cut off
	record   func(*row, figure)
}

// newTrial prepares a cluster without nodes.
func newTrial(s settings, c contender, size int, record func(*row, figure)) *trial {
	n, b := newNetwork(size), newBoard(size)
	t := &trial{
		settings: s, size: size, helpers: c.helpers, network: n, board: b, cluster: c.open(n, b),
		versions: make([]uint64, size), record: record,
	}
	t.empty = used(n)
	return t
}

// close ends what runs.
func (t *trial) close() error {
	t.network.close()
	return t.cluster.close()
}

// startAll starts the nodes one after the other, as fast as they can be, and returns
// when the last one was started.
func (t *trial) startAll(ctx context.Context) (last time.Time, err error) {
	for node := range t.size {
		last = time.Now()
		if t.versions[node], err = t.cluster.start(ctx, node); err != nil {
			return last, fmt.Errorf("starting node %d: %w", node, err)
		}
		t.running = append(t.running, node)
	}
	return last, nil
}

// formLimit is how long a cluster has to form. One that does not can't be measured.
const formLimit = time.Minute

// form starts the nodes and waits until they know each other; not for the catalogs,
// which no scenario needs that waits for members.
func (t *trial) form(ctx context.Context) error {
	if _, err := t.startAll(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, formLimit)
	defer cancel()
	_, err := t.expectMembers().wait(ctx)
	return err
}

// expectMembers expects that all running nodes know each other.
func (t *trial) expectMembers() *expectation {
	return t.board.expect(t.running, t.running, func(_ int, c cell) bool { return c.alive })
}

// expectCatalogs expects that all running nodes know some of them, and their
// catalogs as they are now.
func (t *trial) expectCatalogs(of ...int) *expectation {
	versions := slices.Clone(t.versions)
	return t.board.expect(t.running, of, func(member int, c cell) bool {
		return c.alive && c.version >= versions[member]
	})
}

// expectGone takes a node from those that run, and expects that these know it.
func (t *trial) expectGone(node int) *expectation {
	t.running = slices.DeleteFunc(t.running, func(i int) bool { return i == node })
	return t.board.expect(t.running, []int{node}, func(_ int, c cell) bool { return !c.alive })
}

// await records how long it took from begin until e was met, or that it was not
// within the limit, which is no error.
func (t *trial) await(ctx context.Context, r *row, begin time.Time, e *expectation, limit time.Duration) error {
	waiting, cancel := context.WithDeadline(ctx, begin.Add(limit))
	defer cancel()
	met, err := e.wait(waiting)
	switch {
	case err == nil:
		t.record(r, took(met.Sub(begin)))
	case ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		t.record(r, notIn(limit))
	default:
		return err
	}
	return nil
}

// pause waits for d.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
