package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// The rows of graphSection: how three functions, each of which takes what the one
// before returned, are called.
const (
	graphCalls = "three calls"
	graphOne   = "one request"
)

var graphSection = section{name: "graph", rows: []string{graphCalls, graphOne}, run: runGraph}

// graphResult is what was measured of a row.
type graphResult struct {
	name             string
	one, many, large series
}

// stages are the functions, in the order in which they are called. Each is on a
// node of its own; the client is connected to the first one's.
var stages = [...]string{"first", "second", "third"}

// runGraph measures a chain of calls over three nodes.
func runGraph(ctx context.Context, s settings, rows []string) (tables []table, err error) {
	var open closers
	defer open.closeInto(&err)
	var nodes []*node
	var urls []string
	for _, stage := range stages {
		n, err := startNode(ctx, mpreg.Config{Name: stage, Peers: slices.Clone(urls)}, codec.CBOR{}, func(n *mpreg.Server) error {
			return n.Register(stage, func(b []byte) []byte { b[0]++; return b })
		})
		if err != nil {
			return nil, err
		}
		open, nodes, urls = append(open, n), append(nodes, n), append(urls, n.URL())
	}
	if err := awaitMembers(ctx, nodes...); err != nil {
		return nil, err
	}
	c, err := nodes[0].connect(ctx, codec.CBOR{})
	if err != nil {
		return nil, err
	}
	open = append(open, c)
	ways := map[string]func(*mpreg.Client, int) operation{graphCalls: separately, graphOne: asGraph}
	var results []*graphResult
	var probes []probe
	for _, row := range rows {
		r, name := &graphResult{name: row}, "graph/"+row
		results = append(results, r)
		small, large := ways[row](c, graphSmall), ways[row](c, s.chain)
		probes = append(probes, callsFor(&r.one, name, 1, s.span, small),
			callsFor(&r.many, name, manyCallers, s.span, small), callsFor(&r.large, name+", large", 1, s.span, large))
	}
	if err := interleave(ctx, s.rounds, probes); err != nil {
		return nil, err
	}
	return []table{graphTable(s.chain, results)}, nil
}

// graphSmall is the size of the small value that goes through the stages, in bytes.
const graphSmall = 100

// separately returns the operation that has each stage called by the client.
func separately(c *mpreg.Client, size int) operation {
	data := make([]byte, size)
	return func(ctx context.Context) error {
		out := data
		for _, stage := range stages {
			var err error
			if out, err = mpreg.Call[[]byte](ctx, c, stage, out); err != nil {
				return err
			}
		}
		return checkStages(out, size)
	}
}

// asGraph returns the operation that has all stages called by one request.
func asGraph(c *mpreg.Client, size int) operation {
	data := make([]byte, size)
	return func(ctx context.Context) error {
		r := mpreg.NewRequest()
		var last *mpreg.Command
		for i, stage := range stages {
			if i == 0 {
				last = r.Add(stage, data)
			} else {
				last = r.Add(stage, last)
			}
		}
		response, err := c.Do(ctx, r)
		if err != nil {
			return err
		}
		out, err := mpreg.Get[[]byte](response, last)
		if err != nil {
			return err
		}
		return checkStages(out, size)
	}
}

// checkStages checks that a value went through each stage once.
func checkStages(out []byte, size int) error {
	if len(out) != size || int(out[0]) != len(stages) {
		return fmt.Errorf("%d bytes went through %d stages, and came out as %d bytes", size, len(stages), len(out))
	}
	return nil
}

func graphTable(size int, results []*graphResult) table {
	large := mebibytes(size)
	t := table{
		title: fmt.Sprintf("Three functions on three nodes, each of which takes what the one before returned: %d B, and %s.", graphSmall, large),
		columns: []string{
			"graph", "p50, µs", "to " + graphCalls, "p99, µs", fmt.Sprintf("%d callers, chains/s", manyCallers), "to " + graphCalls,
			large + ", p50, µs", "to " + graphCalls,
		},
	}
	base := &graphResult{}
	if i := slices.IndexFunc(results, func(r *graphResult) bool { return r.name == graphCalls }); i >= 0 {
		base = results[i]
	}
	for _, r := range results {
		t.add(r.name,
			number(r.one.median(p50)), ratio(r.one.median(p50), base.one.median(p50)), number(r.one.median(p99)),
			number(r.many.median(rate)), ratio(r.many.median(rate), base.many.median(rate)),
			number(r.large.median(p50)), ratio(r.large.median(p50), base.large.median(p50)))
	}
	return t
}
