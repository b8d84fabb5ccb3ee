package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/codec"
)

// The rows of bulkSection: what else goes over the connection of small calls.
const (
	bulkNone = "nothing"
	bulkUp   = "to the node"
	bulkDown = "from the node"
)

var bulkSection = section{name: "bulk", rows: []string{bulkNone, bulkUp, bulkDown}, run: runBulk}

// bulkResult is what was measured of a row.
type bulkResult struct {
	name  string
	small series // small calls, and what went on meanwhile
	alone series // that by itself; empty for bulkNone
}

// runBulk measures small calls by themselves, and while a call lasts that takes a
// large value over the same connection.
func runBulk(ctx context.Context, s settings, rows []string) (tables []table, err error) {
	st, err := newStore(s.bulk)
	if err != nil {
		return nil, err
	}
	var open closers
	defer open.closeInto(&err)
	bound := int64(s.bulk) + 1<<20 // the value, and what stands around it
	n, err := startNode(ctx, mpreg.Config{MaxMessageBytes: bound}, codec.CBOR{}, st.register)
	if err != nil {
		return nil, err
	}
	open = append(open, n)
	c, err := n.connect(ctx, codec.CBOR{}, mpreg.WithMaxMessageBytes(bound))
	if err != nil {
		return nil, err
	}
	open = append(open, c)
	transfers := map[string]operation{bulkUp: st.send(c), bulkDown: st.fetch(c)}
	var results []*bulkResult
	var probes []probe
	for _, row := range rows {
		r := &bulkResult{name: row}
		results = append(results, r)
		name := "bulk/" + row
		if transfer := transfers[row]; transfer != nil {
			probes = append(probes, beside(&r.small, name, next(c), transfer), once(&r.alone, name+", alone", transfer))
		} else {
			probes = append(probes, callsFor(&r.small, name, 1, s.span, next(c)))
		}
	}
	if err := interleave(ctx, s.rounds, probes); err != nil {
		return nil, err
	}
	return []table{bulkTable(s.bulk, results)}, nil
}

// beside returns a probe of small calls that are made while a transfer lasts.
func beside(samples *series, name string, small, transfer operation) probe {
	return probe{name, samples, func(ctx context.Context) (sample, error) {
		var took time.Duration
		var failed error
		end := make(chan struct{})
		go func() {
			defer close(end)
			start := time.Now()
			failed = transfer(ctx)
			took = time.Since(start)
		}()
		s, err := measure(ctx, 1, end, small)
		<-end // if a small call failed, the transfer goes on
		s.transfer = took
		return s, errors.Join(err, failed)
	}}
}

// once returns a probe of a transfer by itself.
func once(samples *series, name string, transfer operation) probe {
	return probe{name, samples, func(ctx context.Context) (sample, error) {
		start := time.Now()
		err := transfer(ctx)
		return sample{transfer: time.Since(start)}, err
	}}
}

func bulkTable(size int, results []*bulkResult) table {
	t := table{
		title: fmt.Sprintf("A small call of 1 caller (an int there, an int back), while a call lasts that takes %s over the same connection.", mebibytes(size)),
		columns: []string{
			"meanwhile", "p50, µs", "to " + bulkNone, "p99, µs", "to " + bulkNone, "worst, µs",
			"transfer, ms", "MB/s", "alone, ms", "MB/s",
		},
	}
	base := &bulkResult{}
	if i := slices.IndexFunc(results, func(r *bulkResult) bool { return r.name == bulkNone }); i >= 0 {
		base = results[i]
	}
	for _, r := range results {
		row := []string{
			r.name, number(r.small.median(p50)), ratio(r.small.median(p50), base.small.median(p50)),
			number(r.small.median(p99)), ratio(r.small.median(p99), base.small.median(p99)), number(r.small.median(worst)),
		}
		for _, s := range []series{r.small, r.alone} {
			took := s.median(transferSeconds)
			if took == 0 {
				row = append(row, none, none)
				continue
			}
			row = append(row, number(took*1000), number(float64(size)/1e6/took))
		}
		t.add(row...)
	}
	return t
}
