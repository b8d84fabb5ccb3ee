package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// The rows of slowSection: how fast the nodes are that have the function.
const (
	slowNone = "three alike"
	slowOne  = "one 10 × slower"
)

var slowSection = section{name: "slow", rows: []string{slowNone, slowOne}, run: runSlow}

const (
	slowCallers = 16
	slowBase    = 5 * time.Millisecond // what a call takes
	slowFactor  = 10

	// slowWindow is over how long a share is taken, and slowLimit how long one is
	// waited for.
	slowWindow = 100 * time.Millisecond
	slowLimit  = time.Minute
)

// waiter is a node with a function that takes time, and no CPU time.
type waiter struct {
	*node
	takes atomic.Int64 // nanoseconds
	calls atomic.Int64
}

// slowResult is what was measured of a row.
type slowResult struct {
	name string
	series
}

// runSlow measures how few calls a slow one of three nodes gets, and when it gets
// its share again after it has recovered.
func runSlow(ctx context.Context, s settings, rows []string) (tables []table, err error) {
	var open closers
	defer open.closeInto(&err)
	entry, err := startNode(ctx, mpreg.Config{Name: "entry"}, codec.CBOR{})
	if err != nil {
		return nil, err
	}
	open = append(open, entry)
	var nodes []*waiter
	members := []*node{entry}
	for i := range 3 {
		w, err := startWaiter(ctx, fmt.Sprintf("waiter-%d", i), entry)
		if err != nil {
			return nil, err
		}
		open, nodes, members = append(open, w), append(nodes, w), append(members, w.node)
	}
	if err := awaitMembers(ctx, members...); err != nil {
		return nil, err
	}
	c, err := entry.connect(ctx, codec.CBOR{})
	if err != nil {
		return nil, err
	}
	open = append(open, c)
	var results []*slowResult
	var probes []probe
	for _, row := range rows {
		r := &slowResult{name: row}
		results = append(results, r)
		factor := int64(1)
		if row == slowOne {
			factor = slowFactor
		}
		probes = append(probes, probe{"slow/" + row, &r.series, func(ctx context.Context) (sample, error) {
			return besideSlow(ctx, c, nodes, factor, s.span)
		}})
	}
	if err := interleave(ctx, s.rounds, probes); err != nil {
		return nil, err
	}
	return []table{slowTable(results)}, nil
}

func startWaiter(ctx context.Context, name string, peer *node) (*waiter, error) {
	w := &waiter{}
	w.takes.Store(int64(slowBase))
	n, err := startNode(ctx, mpreg.Config{Name: name, Peers: []string{peer.URL()}}, codec.CBOR{}, func(s *mpreg.Server) error {
		return s.Register("wait", func(ctx context.Context) error {
			w.calls.Add(1)
			select {
			case <-time.After(time.Duration(w.takes.Load())):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	w.node = n
	return w, err
}

// besideSlow calls while one of the nodes is slower by a factor, and then until it
// has at least half of its share again. The figures of the sample are of the first.
func besideSlow(ctx context.Context, c *mpreg.Client, nodes []*waiter, factor int64, span time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, span+slowLimit)
	defer cancel()
	callers := slices.Repeat([]operation{func(ctx context.Context) error {
		_, err := c.Call(ctx, "wait")
		return err
	}}, slowCallers)
	one := nodes[0]
	one.takes.Store(int64(slowBase) * factor)
	before := callsOf(nodes)
	j, elapsed := crowd(ctx, callers, after(span))
	s := j.sample(elapsed)
	s.share = shareOf(before, callsOf(nodes))
	if j.why != nil {
		return sample{}, j.why
	}

	one.takes.Store(int64(slowBase))
	start, end := time.Now(), make(chan struct{})
	recovered := make(chan error, 1)
	go func() {
		defer close(end)
		recovered <- awaitShare(ctx, nodes)
	}()
	j, _ = crowd(ctx, callers, end)
	s.transfer = time.Since(start)
	return s, errors.Join(<-recovered, j.why)
}

// awaitShare returns when the first of the nodes has at least half of its share of
// the calls.
func awaitShare(ctx context.Context, nodes []*waiter) error {
	tick := time.NewTicker(slowWindow)
	defer tick.Stop()
	for before := callsOf(nodes); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("a node that is slow no more gets no calls: %w", ctx.Err())
		}
		now := callsOf(nodes)
		if shareOf(before, now) >= 1/float64(2*len(nodes)) {
			return nil
		}
		before = now
	}
}

func callsOf(nodes []*waiter) (calls []int64) {
	for _, n := range nodes {
		calls = append(calls, n.calls.Load())
	}
	return calls
}

// shareOf returns the first one's share of the calls in between, 0 to 1.
func shareOf(before, after []int64) float64 {
	all := int64(0)
	for i := range after {
		all += after[i] - before[i]
	}
	if all == 0 {
		return 0
	}
	return float64(after[0]-before[0]) / float64(all)
}

func slowTable(results []*slowResult) table {
	t := table{
		title: fmt.Sprintf("A function of %v on three nodes, called by %d callers through a fourth. The share is that of one node, whose calls take %v in the second row, and then %v again.",
			slowBase, slowCallers, slowFactor*slowBase, slowBase),
		columns: []string{"nodes", "calls/s", "to " + slowNone, "p50, µs", "p99, µs", "to " + slowNone, "its share, %", "half of a third again, after ms"},
	}
	base := &slowResult{}
	if i := slices.IndexFunc(results, func(r *slowResult) bool { return r.name == slowNone }); i >= 0 {
		base = results[i]
	}
	for _, r := range results {
		back := none
		if r.name == slowOne {
			back = number(r.median(transferSeconds) * 1000)
		}
		t.add(r.name, number(r.median(rate)), ratio(r.median(rate), base.median(rate)),
			number(r.median(p50)), number(r.median(p99)), ratio(r.median(p99), base.median(p99)), number(100*r.median(share)), back)
	}
	return t
}
