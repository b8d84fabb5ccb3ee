package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mpreg/mpreg"
)

// command is one of a graph.
type command struct {
	function *function // nil is echo
	locs     []string
	work     work
	inputs   []input   // of commands before it
	inner    *function // that the function calls; nil if none
}

// input is where a command uses the result of another one.
type input struct {
	from  int
	field string // empty is all of it
	deep  bool   // within an object within a list
}

// graph is what a request does.
type graph struct {
	shape    string
	commands []command
	wanted   []int // besides the leaves
}

// shapes are the kinds of graphs, as edges from earlier commands to later ones.
var shapes = map[string]func(r *rand.Rand) [][]int{
	"single":  func(*rand.Rand) [][]int { return [][]int{nil} },
	"stream":  func(*rand.Rand) [][]int { return [][]int{nil} },
	"chain":   func(r *rand.Rand) [][]int { return chain(2 + r.IntN(5)) },
	"diamond": func(*rand.Rand) [][]int { return [][]int{nil, {0}, {0}, {1, 2}} },
	"fan-out": func(r *rand.Rand) [][]int {
		edges := [][]int{nil}
		for range 2 + r.IntN(8) {
			edges = append(edges, []int{0})
		}
		if r.IntN(2) == 0 { // and in again
			all := make([]int, len(edges)-1)
			for i := range all {
				all[i] = i + 1
			}
			edges = append(edges, all)
		}
		return edges
	},
	"web": func(r *rand.Rand) [][]int {
		edges := make([][]int, 3+r.IntN(8))
		for i := range edges {
			for from := range i {
				if r.IntN(3) == 0 {
					edges[i] = append(edges[i], from)
				}
			}
		}
		return edges
	},
	"bulk": func(r *rand.Rand) [][]int {
		if r.IntN(2) == 0 {
			return [][]int{nil, {0}, {0}, {1, 2}}
		}
		return chain(3)
	},
}

func chain(n int) [][]int {
	edges := make([][]int, n)
	for i := 1; i < n; i++ {
		edges[i] = []int{i - 1}
	}
	return edges
}

// drawShape returns a shape, single ones more often than others.
func drawShape(r *rand.Rand) string {
	names := []string{"single", "single", "single", "chain", "chain", "diamond", "fan-out", "web", "bulk", "stream"}
	return names[r.IntN(len(names))]
}

// newGraph returns a random graph of that shape. id begins the keys of its commands.
func newGraph(r *rand.Rand, id, shape string, functions []*function, nodes int) *graph {
	g := &graph{shape: shape}
	edges := shapes[shape](r)
	for i, from := range edges {
		c := command{work: work{Key: fmt.Sprintf("%s/c%d", id, i), Seed: r.Uint64()}}
		for _, from := range from {
			in := input{from: from, deep: r.IntN(3) == 0}
			if f := g.commands[from].function; f != nil && !f.streams { // what others return may have no fields
				in.field = []string{"", "sum", "data"}[r.IntN(3)]
			}
			c.inputs = append(c.inputs, in)
		}
		c.work.burden(r, shape, i == len(edges)-1)
		c.assign(r, shape, functions, nodes)
		g.commands = append(g.commands, c)
	}
	if r.IntN(4) == 0 {
		g.wanted = append(g.wanted, r.IntN(len(edges)))
	}
	return g
}

// assign gives the command a function.
func (c *command) assign(r *rand.Rand, shape string, functions []*function, nodes int) {
	if len(c.inputs) == 1 && r.IntN(12) == 0 {
		c.work.Fails = false
		return // echo
	}
	fits := func(f *function) bool { return f.streams == (shape == "stream") || f.streams && len(c.inputs) == 0 }
	for c.function == nil || !fits(c.function) {
		c.function = functions[r.IntN(len(functions))]
	}
	c.locs = c.function.locs(r, nodes)
	switch inner := functions[r.IntN(len(functions))]; {
	case c.function.streams:
		if c.work.Items = r.IntN(200); r.IntN(4) == 0 {
			c.work.Items, c.work.Size = r.IntN(40), r.IntN(100<<10)
		}
		if shape != "stream" {
			c.work.Items %= 10
		}
	case inner.plain() && r.IntN(8) == 0:
		c.work.Via = inner.name
		c.inner = inner
	}
}

// burden has the work take time, or space.
func (w *work) burden(r *rand.Rand, shape string, last bool) {
	switch r.IntN(10) {
	case 0:
		w.Takes = time.Duration(r.Int64N(int64(3 * time.Second)))
		w.Stubborn = r.IntN(3) == 0
	case 1, 2, 3:
		w.Takes = time.Duration(r.Int64N(int64(100 * time.Millisecond)))
	}
	w.Fails = r.IntN(60) == 0
	if shape == "bulk" && !last {
		w.Size = 32<<10 + r.IntN(512<<10)
	} else if r.IntN(4) == 0 {
		w.Size = r.IntN(4 << 10)
	}
}

// leaves returns which commands no other one uses.
func (g *graph) leaves() []int {
	used := make(map[int]bool)
	for _, c := range g.commands {
		for _, in := range c.inputs {
			used[in.from] = true
		}
	}
	var leaves []int
	for i := range g.commands {
		if !used[i] {
			leaves = append(leaves, i)
		}
	}
	return leaves
}

// fails reports whether a command was told to fail.
func (g *graph) fails() bool {
	return slices.ContainsFunc(g.commands, func(c command) bool { return c.work.Fails })
}

// request returns the graph as it is sent, and its commands.
func (g *graph) request() (*mpreg.Request, []*mpreg.Command) {
	r := mpreg.NewRequest()
	sent := make([]*mpreg.Command, len(g.commands))
	for i, c := range g.commands {
		inputs := make([]any, len(c.inputs))
		for k, in := range c.inputs {
			inputs[k] = sent[in.from]
			if in.field != "" {
				inputs[k] = sent[in.from].Field(in.field)
			}
			inputs[k] = in.place(inputs[k])
		}
		name := "echo"
		if c.function != nil {
			name, inputs = c.function.name, c.function.arguments(c.work, inputs)
		}
		sent[i] = r.Add(name, inputs...).Named(commandName(i)).At(c.locs...)
	}
	for _, i := range g.wanted {
		r.Return(sent[i])
	}
	return r, sent
}

func commandName(i int) string { return fmt.Sprintf("c%d", i) }

// arguments returns the arguments of a call.
func (f *function) arguments(w work, inputs []any) []any {
	switch {
	case f.streams:
		return []any{w}
	case f.keywords:
		return []any{w, mpreg.Kwargs{"in": inputs}}
	}
	return append([]any{w}, inputs...)
}

// place puts an input where it belongs in an argument.
func (in input) place(x any) any {
	if in.deep {
		return []any{map[string]any{"x": x}}
	}
	return x
}

// expected returns the results that are right, as trees, by the commands' indices.
func (g *graph) expected() map[int]any {
	trees := make([]any, len(g.commands))
	for i, c := range g.commands {
		inputs := make([]any, len(c.inputs))
		for k, in := range c.inputs {
			x := trees[in.from]
			if in.field != "" {
				fields, _ := x.(map[string]any)
				x = fields[in.field]
			}
			inputs[k] = in.place(x)
		}
		switch {
		case c.function == nil:
			trees[i] = inputs[0]
		case c.function.streams:
			trees[i] = c.work.items(c.function.name)
		default:
			trees[i] = c.work.compute(c.function.name, inputs).tree()
		}
	}
	out := make(map[int]any)
	for _, i := range slices.Concat(g.leaves(), g.wanted) {
		out[i] = trees[i]
	}
	return out
}
