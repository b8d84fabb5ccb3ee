package chaos_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/mpreg/mpreg"
)

// function is a function of the cluster: some nodes offer it, each with locs.
type function struct {
	name       string
	idempotent bool
	keywords   bool             // takes its inputs as a keyword argument
	streams    bool             // takes no inputs, and returns a stream
	limited    bool             // few calls run at a time, and few wait
	offers     map[int][]string // locs, by the indices of the nodes
}

// keywords are the arguments of functions that take their inputs by keyword.
type keywords struct {
	In []any `json:"in"`
}

// newFunctions spreads functions over nodes. There is one at least of each kind, at
// one node at least.
func newFunctions(r *rand.Rand, nodes int) []*function {
	var all []*function
	for i := range 8 + r.IntN(4) {
		f := &function{
			name: fmt.Sprintf("f%d", i), idempotent: i%2 == 0, keywords: i%8 == 2 || i%8 == 3, streams: i%8 >= 6,
			limited: i%8 == 4,
			offers:  make(map[int][]string),
		}
		for _, node := range r.Perm(nodes)[:1+r.IntN(nodes)] {
			f.offers[node] = pick(r, "cpu", "gpu", "data")
		}
		all = append(all, f)
	}
	return all
}

// pick returns some of these, perhaps none.
func pick(r *rand.Rand, of ...string) (some []string) {
	for _, s := range of {
		if r.IntN(3) == 0 {
			some = append(some, s)
		}
	}
	return some
}

// locs returns locs to call the function with: those of one of its offers, or fewer.
func (f *function) locs(r *rand.Rand, nodes int) []string {
	for _, node := range r.Perm(nodes) {
		if locs, ok := f.offers[node]; ok {
			return pick(r, locs...)
		}
	}
	return nil
}

// register registers the function at the node of that index, if it offers it.
func (f *function) register(node int, s *mpreg.Server, l *ledger) error {
	locs, ok := f.offers[node]
	if !ok {
		return nil
	}
	var opts []mpreg.FuncOption
	if f.idempotent {
		opts = append(opts, mpreg.Idempotent())
	}
	if f.limited {
		opts = append(opts, mpreg.MaxConcurrent(2), mpreg.MaxQueued(2))
	}
	return s.Register(f.name, mpreg.Func(f.code(s.Name(), l), opts...), locs...)
}

// code returns the Go function, for a node of that name.
func (f *function) code(node string, l *ledger) any {
	run := func(ctx context.Context, w work, inputs []any) (result, error) {
		defer l.begin(w.Key, node)()
		if err := w.pause(ctx, 1); err != nil {
			return result{}, err
		}
		if w.Via != "" {
			in := w.inner()
			if _, err := mpreg.Call[result](ctx, mpreg.FromContext(ctx), w.Via, in); err != nil {
				return result{}, err
			}
		}
		return w.compute(f.name, inputs), w.failure()
	}
	switch {
	case f.streams:
		return func(ctx context.Context, w work) iter.Seq2[result, error] {
			return func(yield func(result, error) bool) {
				defer l.begin(w.Key, node)()
				if err := f.stream(ctx, w, yield); err != nil {
					yield(result{}, err)
				}
			}
		}
	case f.keywords:
		return func(ctx context.Context, w work, k keywords) (result, error) { return run(ctx, w, k.In) }
	default:
		return func(ctx context.Context, w work, inputs ...any) (result, error) { return run(ctx, w, inputs) }
	}
}

// stream yields the items of a stream until nobody wants more.
func (f *function) stream(ctx context.Context, w work, yield func(result, error) bool) error {
	for n := range w.Items {
		if err := w.pause(ctx, w.Items); err != nil {
			return err
		}
		if !yield(w.item(f.name, n), nil) {
			return nil
		}
	}
	return w.failure()
}

// failure is the error of work that was told to fail.
func (w work) failure() error {
	if w.Fails {
		return mpreg.Errorf(ownCode, "%s was told to fail", w.Key)
	}
	return nil
}

// plain reports whether the function takes its inputs one by one.
func (f *function) plain() bool { return !f.keywords && !f.streams }
