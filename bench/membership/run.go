package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// runner runs scenarios, and prints what it does meanwhile.
type runner struct {
	settings
	progress   io.Writer
	goroutines int // of the program without a cluster
}

// run measures clusters of one size: scenario by scenario, in turns of the
// contenders. A trial that fails leaves its cells empty, and does not keep the
// others from being run.
func (r *runner) run(ctx context.Context, size int, chosen []choice) (results, error) {
	found := make(results)
	var failed []error
	for _, s := range chosen {
		for round := range r.rounds {
			for _, c := range s.contenders {
				if ctx.Err() != nil {
					return found, errors.Join(append(failed, ctx.Err())...)
				}
				what := fmt.Sprintf("%d nodes, %s, %s, round %d", size, s.name, c.name, round+1)
				record := func(at *row, f figure) {
					fmt.Fprintf(r.progress, "%s: %s: %s\n", what, at.name, f.show(at.unit))
					found.add(at, c.name, f)
				}
				if err := r.trial(ctx, s.scenario, c, size, record); err != nil {
					err = fmt.Errorf("%s: %w", what, err)
					fmt.Fprintln(r.progress, err)
					failed = append(failed, err)
				}
			}
		}
	}
	return found, errors.Join(failed...)
}

func (r *runner) trial(ctx context.Context, s scenario, c contender, size int, record func(*row, figure)) error {
	t := newTrial(r.settings, c, size, record)
	err := s.run(ctx, t)
	return errors.Join(err, t.close(), r.settle(ctx))
}

// settle waits until a cluster is gone: some of memberlist's goroutines outlive it
// for seconds, and would be counted as the next one's.
func (r *runner) settle(ctx context.Context) error {
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > r.goroutines && time.Now().Before(end); {
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
