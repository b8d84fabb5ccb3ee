package main

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg"
)

// The rows of overloadSection: how much is asked of a node.
const (
	overloadFull = "as much as it serves"
	overloadOnce = "1 × that"
	overloadTen  = "10 × that"
)

var overloadSection = section{name: "overload", rows: []string{overloadFull, overloadOnce, overloadTen}, run: runOverload}

// overloads are the rows in which calls come whether or not the node keeps up.
var overloads = map[string]float64{overloadOnce: 1, overloadTen: 10}

// The functions of a node that is overloaded.
const (
	spinFunction  = "spin"  // bytes → the length: costs CPU time
	watchFunction = "watch" // starts to watch the heap
	heapFunction  = "heap"  // → the most bytes on the heap since
)

const (
	spinTime        = time.Millisecond // of CPU, of one call
	overloadQueue   = 16               // calls that wait, for each that runs
	overloadPayload = 1 << 10          // bytes of an argument
	overloadClients = 4                // connections
)

// overloadPlaces is how many calls run at a time: half of the cores are the
// node's, the others are its callers'.
func overloadPlaces() int { return max(1, runtime.NumCPU()/2) }

// registerOverload registers the functions of the serving process.
func registerOverload(s *mpreg.Server) error {
	turns := spinTurns(spinTime)
	places := overloadPlaces()
	spinning := mpreg.Func(func(data []byte) int { spin(turns); return len(data) },
		mpreg.MaxConcurrent(places), mpreg.MaxQueued(overloadQueue*places))
	var heap heapWatch
	for name, fn := range map[string]any{spinFunction: spinning, watchFunction: heap.begin, heapFunction: heap.end} {
		if err := s.Register(name, fn); err != nil {
			return err
		}
	}
	return nil
}

// spin takes CPU time, as much for each turn.
func spin(turns int) {
	x := uint64(turns)
	for range turns {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	spun.Store(x)
}

// spun is where spin leaves a result, so that it has to be computed.
var spun atomic.Uint64

// spinTurns returns how many turns take d, in the best of some tries: in others
// the core was taken away.
func spinTurns(d time.Duration) int {
	const turns = 1 << 20
	best := time.Duration(1<<63 - 1)
	for range 10 {
		start := time.Now()
		spin(turns)
		best = min(best, time.Since(start))
	}
	return max(1, int(turns*float64(d)/float64(max(best, 1))))
}

// overloadResult is what was measured of a row.
type overloadResult struct {
	name string
	series
}

// runOverload measures what a node still serves when it is asked for more than it
// can. What it can is measured whatever the rows: the others are multiples of that.
func runOverload(ctx context.Context, s settings, rows []string) (tables []table, err error) {
	var open closers
	defer open.closeInto(&err)
	node, err := startChild(ctx)
	if err != nil {
		return nil, err
	}
	open = append(open, node)
	var clients []*mpreg.Client
	for range 1 + overloadClients {
		c, err := node.connect(ctx)
		if err != nil {
			return nil, err
		}
		open, clients = append(open, c), append(clients, c)
	}
	control, ops := clients[0], spinOn(clients[1:])
	full := &overloadResult{name: overloadFull}
	results := []*overloadResult{full}
	probes := []probe{watched(&full.series, overloadFull, control, func(ctx context.Context) (*journal, time.Duration) {
		return crowd(ctx, fullLoad(ops), after(s.span))
	})}
	if err := interleave(ctx, 1, probes); err != nil {
		return nil, err
	}
	for _, row := range rows {
		factor, ok := overloads[row]
		if !ok {
			continue
		}
		r := &overloadResult{name: row}
		results = append(results, r)
		probes = append(probes, watched(&r.series, row, control, func(ctx context.Context) (*journal, time.Duration) {
			return offer(ctx, ops, factor*full.median(rate), s.span)
		}))
	}
	if err := interleave(ctx, s.rounds, probes); err != nil {
		return nil, err
	}
	return []table{overloadTable(results)}, nil
}

// fullLoad returns so many callers that the node is never idle, and none is refused:
// while some run as many wait, and more have an answer on its way.
func fullLoad(ops []operation) []operation {
	callers := make([]operation, 3*overloadPlaces())
	for i := range callers {
		callers[i] = ops[i%len(ops)]
	}
	return callers
}

// spinOn returns for each client a call that costs the node CPU time.
func spinOn(clients []*mpreg.Client) (ops []operation) {
	data := make([]byte, overloadPayload)
	for _, c := range clients {
		ops = append(ops, func(ctx context.Context) error {
			n, err := mpreg.Call[int](ctx, c, spinFunction, data)
			if err == nil && n != len(data) {
				err = fmt.Errorf("of %d bytes %d arrived", len(data), n)
			}
			return err
		})
	}
	return ops
}

// watched returns a probe of a load, while the node watches its heap. It fails with
// any call that fails in another way than by being refused.
func watched(samples *series, row string, node *mpreg.Client, load func(context.Context) (*journal, time.Duration)) probe {
	return probe{"overload/" + row, samples, func(ctx context.Context) (sample, error) {
		if _, err := node.Call(ctx, watchFunction); err != nil {
			return sample{}, err
		}
		j, elapsed := load(ctx)
		if j.why != nil {
			return sample{}, j.why
		}
		s := j.sample(elapsed)
		var err error
		s.heap, err = mpreg.Call[uint64](ctx, node, heapFunction)
		return s, err
	}}
}

func overloadTable(results []*overloadResult) table {
	t := table{
		title: fmt.Sprintf("A function of %v of CPU time: %d may run and %d wait at a time; %d B a call, %d connections. The node is a process of its own.",
			spinTime, overloadPlaces(), overloadQueue*overloadPlaces(), overloadPayload, overloadClients),
		columns: []string{
			"asked for", "calls/s", "served/s", "to " + overloadFull, "refused/s", "p50, µs", "p99, µs", "to " + overloadFull, "heap at most, MiB",
		},
	}
	full := results[0]
	for _, r := range results {
		t.add(r.name, number(r.median(asked)), number(r.median(rate)), ratio(r.median(rate), full.median(rate)), number(r.median(refused)),
			number(r.median(p50)), number(r.median(p99)), ratio(r.median(p99), full.median(p99)), number(r.median(heapMebibytes)))
	}
	return t
}
