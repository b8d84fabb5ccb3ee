package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

var (
	startRow     = &row{"all members and catalogs, after the last start", seconds}
	trafficRow   = &row{"start-up traffic ÷ ideal", significant}
	idleRow      = &row{"idle: traffic per node", rate}
	cpuRow       = &row{"idle: of a core, per node", percent}
	goroutineRow = &row{"goroutines per node", tenths}
	heapRow      = &row{"heap per node, with all catalogs", data}
	functionRow  = &row{"a new function known everywhere", seconds}
)

// startScenario starts a cluster, leaves it alone, and then changes its catalogs:
// for all of that it has to be complete.
var startScenario = scenario{
	"start",
	[]*row{startRow, trafficRow, idleRow, cpuRow, goroutineRow, heapRow, functionRow},
	func(ctx context.Context, t *trial) error {
		last, err := t.startAll(ctx)
		if err != nil {
			return err
		}
		complete := t.expectCatalogs(t.running...)
		if err := t.await(ctx, startRow, last, complete, t.startLimit); err != nil {
			return err
		}
		if complete.isMet() {
			t.record(trafficRow, figure{value: float64(t.network.sent.Load()) / idealBytes(t.size)})
		}
		if err := idle(ctx, t); err != nil {
			return err
		}
		return functions(ctx, t)
	},
}

// idle records what a cluster costs in which nothing happens.
func idle(ctx context.Context, t *trial) error {
	if err := pause(ctx, t.calm); err != nil {
		return err
	}
	before := used(t.network)
	goroutines, samples := 0, 0
	for end := before.at.Add(t.idle); time.Now().Before(end); samples++ {
		if err := pause(ctx, min(time.Second, time.Until(end))); err != nil {
			return err
		}
		goroutines += runtime.NumGoroutine() - t.empty.goroutines
	}
	cpu, sent, elapsed := cpuTime(), t.network.sent.Load(), time.Since(before.at)
	after := used(t.network)
	nodes := float64(t.size)
	t.record(idleRow, figure{value: float64(sent-before.sent) / elapsed.Seconds() / nodes})
	t.record(cpuRow, figure{value: float64(cpu-before.cpu) / float64(elapsed) / nodes})
	t.record(goroutineRow, figure{value: float64(goroutines)/float64(samples)/nodes - float64(t.helpers)})
	t.record(heapRow, figure{value: (float64(after.heap) - float64(t.empty.heap)) / nodes})
	return nil
}

// functions adds functions to one node after the other.
func functions(ctx context.Context, t *trial) error {
	for i := range t.repeats * 3 { // they are quick
		node := (i*7 + 3) % t.size
		added := offer{fmt.Sprintf("new.function%03d", i), "dataset-new"}
		begin := time.Now()
		version, err := t.cluster.offer(node, added)
		if err != nil {
			return err
		}
		t.versions[node] = version
		if err := t.await(ctx, functionRow, begin, t.expectCatalogs(node), t.changeLimit); err != nil {
			return err
		}
	}
	return nil
}
