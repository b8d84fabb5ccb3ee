package main

import (
	"context"
	"time"
)

var (
	healRow    = &row{"a healed 50/50 partition: all members", seconds}
	healAllRow = &row{"… and the functions added in both parts", seconds}
)

// partitionScenario splits a cluster for longer than it takes to hold the other part
// for dead.
var partitionScenario = scenario{"partition", []*row{healRow, healAllRow}, func(ctx context.Context, t *trial) error {
	if err := t.form(ctx); err != nil {
		return err
	}
	if err := pause(ctx, t.calm); err != nil {
		return err
	}
	t.network.split(t.size / 2)
	changed := []int{0, t.size - 1}
	for _, node := range changed {
		version, err := t.cluster.offer(node, offer{"apart", "dataset-new"})
		if err != nil {
			return err
		}
		t.versions[node] = version
	}
	if err := pause(ctx, t.split); err != nil {
		return err
	}
	begin := time.Now()
	t.network.heal()
	if err := t.await(ctx, healRow, begin, t.expectMembers(), t.healLimit); err != nil {
		return err
	}
	return t.await(ctx, healAllRow, begin, t.expectCatalogs(changed...), t.healLimit)
}}
