package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

var loadRow = &row{"false deaths with loaded cores", count}

// loadScenario keeps all cores busy with something else, and records how often a
// node took another one for dead.
var loadScenario = scenario{"load", []*row{loadRow}, func(ctx context.Context, t *trial) error {
	if err := t.form(ctx); err != nil {
		return err
	}
	if err := pause(ctx, t.calm); err != nil {
		return err
	}
	before := t.board.died()
	var stop atomic.Bool
	var busy sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		busy.Go(func() { spin(&stop) })
	}
	err := pause(ctx, t.load)
	deaths := t.board.died() - before
	stop.Store(true)
	busy.Wait()
	if err == nil {
		t.record(loadRow, figure{value: float64(deaths)})
	}
	return err
}}

// spin keeps a core busy until stop, and returns how often it has looked.
func spin(stop *atomic.Bool) (looked uint64) {
	for !stop.Load() {
		looked++
	}
	return looked
}
