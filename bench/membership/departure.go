package main

import (
	"context"
	"time"
)

var (
	leaveRow  = &row{"a graceful leave known everywhere", seconds}
	killRow   = &row{"a killed process known everywhere", seconds}
	freezeRow = &row{"a frozen host known everywhere", seconds}
)

var leaveScenario = scenario{"leave", []*row{leaveRow}, func(ctx context.Context, t *trial) error {
	return departures(ctx, t, leaveRow, func(node int) error { return t.cluster.leave(ctx, node) })
}}

var killScenario = scenario{"kill", []*row{killRow}, func(ctx context.Context, t *trial) error {
	return departures(ctx, t, killRow, func(node int) error {
		t.network.kill(node)
		t.cluster.kill(node)
		return nil
	})
}}

var freezeScenario = scenario{"freeze", []*row{freezeRow}, func(ctx context.Context, t *trial) error {
	return departures(ctx, t, freezeRow, func(node int) error {
		t.network.freeze(node)
		return nil
	})
}}

// departures takes nodes away one after the other: the last ones, which others were
// not told of at the start. It records the time from the beginning of the
// departure until all that stay know of it.
func departures(ctx context.Context, t *trial, r *row, depart func(node int) error) error {
	if err := t.form(ctx); err != nil {
		return err
	}
	for i := range t.repeats {
		if err := pause(ctx, t.calm); err != nil {
			return err
		}
		node := t.size - 1 - i
		gone := t.expectGone(node)
		begin := time.Now()
		departed := make(chan error, 1)
		go func() { departed <- depart(node) }()
		err := t.await(ctx, r, begin, gone, t.changeLimit)
		if end := <-departed; err == nil {
			err = end
		}
		if err != nil {
			return err
		}
	}
	return nil
}
