package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mpreg/mpreg"
)

// enough is how many answers of each kind are waited for.
const enough = 100

// traffic is callers that call until they are told to end, each at one node for
// one model. The first that gets no answer, or a wrong one, ends all.
type traffic struct {
	stop    context.CancelCauseFunc
	done    chan struct{}
	callers sync.WaitGroup
	nodes   []*mpreg.Server

	mu       sync.Mutex
	answered map[kind]int
	err      error
}

// kind tells answers apart: which model's, made where, to calls that entered at
// which node.
type kind struct{ model, by, at string }

// begin starts a caller for each model at each node. The context that it returns
// ends when one of them fails.
func begin(ctx context.Context, nodes []*mpreg.Server, models []*Model) (*traffic, context.Context) {
	ctx, stop := context.WithCancelCause(ctx)
	t := &traffic{stop: stop, done: make(chan struct{}), nodes: nodes, answered: make(map[kind]int)}
	for _, node := range nodes {
		for _, m := range models {
			t.callers.Go(func() {
				if err := t.call(ctx, node, m); err != nil {
					t.fail(err)
				}
			})
		}
	}
	return t, ctx
}

// call calls over a connection of its own, as a client elsewhere would.
func (t *traffic) call(ctx context.Context, node *mpreg.Server, m *Model) error {
	client := mpreg.NewClient(node.URL())
	defer client.Close()
	for i := 0; ; i++ {
		select {
		case <-t.done:
			return nil
		default:
		}
		p, err := predict(ctx, client, m, m.rows[i%len(m.rows)].x)
		if err != nil {
			return fmt.Errorf("a call at %s: %w", node.Name(), err)
		}
		t.mu.Lock()
		t.answered[kind{m.name, p.Node, node.Name()}]++
		t.mu.Unlock()
	}
}

// predict has the cluster predict by a model, and compares.
func predict(ctx context.Context, client *mpreg.Client, m *Model, x float64) (Prediction, error) {
	p, err := mpreg.Call[Prediction](ctx, client.With(mpreg.At(m.name)), "predict", x)
	if err != nil {
		return Prediction{}, err
	}
	if p.Model != m.name || p.Value != m.at(x) {
		return Prediction{}, fmt.Errorf("%+v is not the prediction of %s for %g: %g", p, m.name, x, m.at(x))
	}
	return p, nil
}

func (t *traffic) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil { // what follows from it is of no interest
		t.err = err
	}
	t.stop(err)
}

// await waits until calls that entered at any of the nodes were often enough
// answered by one of them.
func (t *traffic) await(ctx context.Context, m *Model, by *mpreg.Server) error {
	return await(ctx, func() bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return !slices.ContainsFunc(t.nodes, func(node *mpreg.Server) bool {
			return t.answered[kind{m.name, by.Name(), node.Name()}] < enough
		})
	})
}

// end lets the callers finish the calls that they have begun, and returns what
// went wrong.
func (t *traffic) end() error {
	close(t.done)
	t.callers.Wait()
	t.stop(nil)
	return t.err
}

// String counts the answers by model and node.
func (t *traffic) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := make(map[kind]int)
	for k, n := range t.answered {
		counts[kind{model: k.model, by: k.by}] += n
	}
	var lines []string
	for k, n := range counts {
		lines = append(lines, fmt.Sprintf("  %s by %s: %d\n", k.model, k.by, n))
	}
	slices.SortFunc(lines, cmp.Compare[string])
	return strings.Join(lines, "")
}
