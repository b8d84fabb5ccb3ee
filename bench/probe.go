package main

import (
	"context"
	"fmt"
	"runtime"
	"time"
)

// probe is something to measure, again and again.
type probe struct {
	name    string  // in errors
	samples *series // where the samples go
	run     func(context.Context) (sample, error)
}

// callsFor returns a probe that has callers repeat op for some time.
func callsFor(samples *series, name string, callers int, span time.Duration, op operation) probe {
	name = fmt.Sprintf("%s, %d callers", name, callers)
	return probe{name, samples, func(ctx context.Context) (sample, error) {
		return measure(ctx, callers, after(span), op)
	}}
}

// interleave runs the probes in turn, as many rounds as asked for: what slows the
// machine down for a while then slows down all of them. Each round starts with
// another one, so that none always follows the same.
func interleave(ctx context.Context, rounds int, probes []probe) error {
	for round := range rounds {
		for turn := range probes {
			p := probes[(round+turn)%len(probes)]
			runtime.GC() // the garbage of one is not the next one's to collect
			s, err := p.run(ctx)
			if err != nil {
				return fmt.Errorf("%s, round %d of %d: %w", p.name, round+1, rounds, err)
			}
			*p.samples = append(*p.samples, s)
		}
	}
	return nil
}
