package main

import (
	"context"
	"fmt"
	"slices"
)

var echoSection = section{name: "echo", rows: names(contenders), run: runEcho}

func names(list []contender) []string {
	var all []string
	for _, c := range list {
		all = append(all, c.name)
	}
	return all
}

// echoResult is what was measured of a contender.
type echoResult struct {
	contender
	one, many series // many is empty for one that is lone
}

// costs are the samples that tell what a call costs: those of many callers, where
// there are some.
func (r *echoResult) costs() series {
	if r.lone {
		return r.one
	}
	return r.many
}

// runEcho has a message echoed by all contenders, side by side.
func runEcho(ctx context.Context, s settings, rows []string) (tables []table, err error) {
	var open closers
	defer open.closeInto(&err)
	var results []*echoResult
	var probes []probe
	for _, c := range contenders {
		if !slices.Contains(rows, c.name) {
			continue
		}
		name := "echo/" + c.name
		e, err := c.open(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		open = append(open, e)
		r := &echoResult{contender: c}
		results = append(results, r)
		probes = append(probes, callsFor(&r.one, name, 1, s.span, echoed(e.Echo)))
		if !c.lone {
			probes = append(probes, callsFor(&r.many, name, manyCallers, s.span, echoed(e.Echo)))
		}
	}
	if err := interleave(ctx, s.rounds, probes); err != nil {
		return nil, err
	}
	return append([]table{echoTable(results)}, echoRatios(results)...), nil
}

// echoTable has all figures, and the ratios to the baseline.
func echoTable(results []*echoResult) table {
	t := table{
		title: fmt.Sprintf("Echo of a struct with 100 bytes of data, over one connection. Costs are of client and server together, at %d callers where there are so many.", manyCallers),
		columns: []string{
			"echo", "p50, µs", "to " + baseline, "p99, µs",
			fmt.Sprintf("%d callers, calls/s", manyCallers), "to " + baseline, "allocs/call", "B/call", "CPU s per million", "to " + baseline,
		},
	}
	base := &echoResult{}
	for _, r := range results {
		if r.name == baseline {
			base = r
		}
	}
	for _, r := range results {
		c := r.costs()
		calls, faster, cheaper := none, none, none
		if !r.lone {
			calls, faster = number(r.many.median(rate)), ratio(r.many.median(rate), base.many.median(rate))
			cheaper = ratio(c.median(cpuPerMillion), base.many.median(cpuPerMillion))
		}
		t.add(r.name, number(r.one.median(p50)), ratio(r.one.median(p50), base.one.median(p50)), number(r.one.median(p99)),
			calls, faster, number(c.median(allocs)), number(c.median(allocated)), number(c.median(cpuPerMillion)), cheaper)
	}
	return t
}

// echoRatios compares each of ours with each of the others.
func echoRatios(results []*echoResult) []table {
	return slices.DeleteFunc([]table{
		ratioTable("p50 of 1 caller, times that of (less is better)", results,
			func(r *echoResult) float64 { return r.one.median(p50) }),
		ratioTable(fmt.Sprintf("Calls/s of %d callers, times those of (more is better)", manyCallers), results,
			func(r *echoResult) float64 { return r.many.median(rate) }),
	}, func(t table) bool { return len(t.rows) == 0 || len(t.columns) == 1 })
}

// ratioTable has a row for each of ours and a column for each of the others that
// the figure is known of.
func ratioTable(title string, results []*echoResult, figure func(*echoResult) float64) table {
	t := table{title: title, columns: []string{"echo"}}
	var others []float64
	for _, r := range results {
		if f := figure(r); !r.ours && f > 0 {
			t.columns = append(t.columns, r.name)
			others = append(others, f)
		}
	}
	for _, r := range results {
		if !r.ours {
			continue
		}
		row := []string{r.name}
		for _, other := range others {
			row = append(row, ratio(figure(r), other))
		}
		t.add(row...)
	}
	return t
}
