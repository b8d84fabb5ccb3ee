package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// The rows of relaySection: how a client reaches the function.
const (
	relayDirect = "client → B"
	relayHop    = "client → A → B"
)

var relaySection = section{name: "relay", rows: []string{relayDirect, relayHop}, run: runRelay}

// relayResult is what was measured of a row.
type relayResult struct {
	name                string
	one, many, up, down series
}

// runRelay measures what a node costs that stands between a client and the node
// that has the function.
func runRelay(ctx context.Context, s settings, rows []string) (tables []table, err error) {
	var open closers
	defer open.closeInto(&err)
	st, err := newStore(s.relay)
	if err != nil {
		return nil, err
	}
	b, err := startNode(ctx, mpreg.Config{Name: "B"}, codec.CBOR{}, st.register, registerEcho)
	if err != nil {
		return nil, err
	}
	open = append(open, b)
	a, err := startNode(ctx, mpreg.Config{Name: "A", Peers: []string{b.URL()}}, codec.CBOR{})
	if err != nil {
		return nil, err
	}
	open = append(open, a)
	if err := awaitMembers(ctx, a, b); err != nil {
		return nil, err
	}
	entry := map[string]*node{relayDirect: b, relayHop: a}
	var results []*relayResult
	var probes []probe
	for _, row := range rows {
		c, err := entry[row].connect(ctx, codec.CBOR{})
		if err != nil {
			return nil, err
		}
		open = append(open, c)
		r, name, echo := &relayResult{name: row}, "relay/"+row, echoed(mpregEcho{client: c}.Echo)
		results = append(results, r)
		probes = append(probes,
			callsFor(&r.one, name, 1, s.span, echo), callsFor(&r.many, name, manyCallers, s.span, echo),
			callsFor(&r.up, name+", up", 1, s.span, st.send(c)), callsFor(&r.down, name+", down", 1, s.span, st.fetch(c)))
	}
	if err := interleave(ctx, s.rounds, probes); err != nil {
		return nil, err
	}
	return []table{relayTable(s.relay, results)}, nil
}

func relayTable(size int, results []*relayResult) table {
	large := mebibytes(size)
	t := table{
		title: fmt.Sprintf("The same echo, and %s to and from B: directly, and through A.", large),
		columns: []string{
			"relay", "p50, µs", "to direct", "p99, µs", fmt.Sprintf("%d callers, calls/s", manyCallers), "to direct",
			large + " to B, MB/s", "to direct", "from B, MB/s", "to direct",
		},
	}
	base := &relayResult{}
	if i := slices.IndexFunc(results, func(r *relayResult) bool { return r.name == relayDirect }); i >= 0 {
		base = results[i]
	}
	throughput := func(s sample) float64 { return rate(s) * float64(size) / 1e6 }
	for _, r := range results {
		t.add(r.name,
			number(r.one.median(p50)), ratio(r.one.median(p50), base.one.median(p50)), number(r.one.median(p99)),
			number(r.many.median(rate)), ratio(r.many.median(rate), base.many.median(rate)),
			number(r.up.median(throughput)), ratio(r.up.median(throughput), base.up.median(throughput)),
			number(r.down.median(throughput)), ratio(r.down.median(throughput), base.down.median(throughput)))
	}
	return t
}
