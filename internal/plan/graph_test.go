package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/wire"
)

// graph is a request drawn at random: uses[i] are the commands that command i
// uses, ascending.
type graph struct {
	mode plan.Mode
	cmds []wire.Command
	uses [][]int
}

// drawGraph draws an acyclic graph, declared in any order.
func drawGraph(t *rapid.T, least int) graph {
	n := rapid.IntRange(least, 30).Draw(t, "commands")
	g := graph{uses: make([][]int, n)}
	if rapid.Bool().Draw(t, "explicit") {
		g.mode = plan.Explicit
	}
	declared := rapid.Permutation(indexes(n)).Draw(t, "order of declaration")
	for k := range declared {
		used := rapid.SliceOfNDistinct(rapid.IntRange(0, max(0, k-1)), 0, min(k, 4), rapid.ID[int]).Draw(t, "uses")
		for _, u := range used {
			g.uses[declared[k]] = append(g.uses[declared[k]], declared[u])
		}
		slices.Sort(g.uses[declared[k]])
	}
	g.build(t)
	return g
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// build writes the commands: each use in an argument of its own, in an array
// or a keyword, some of them twice.
func (g *graph) build(t *rapid.T) {
	g.cmds = make([]wire.Command, len(g.uses))
	for i, used := range g.uses {
		c := command(fmt.Sprintf("c%d", i), "echos", `"data"`)
		for n, j := range used {
			name := fmt.Sprintf("c%d", j)
			text := fmt.Sprintf("[%q]", name)
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				if rapid.Bool().Draw(t, "keyword") {
					key := fmt.Sprintf("k%d", n)
					c = with(c, key, text)
					if g.mode == plan.Explicit {
						c = refer(c, "/kwargs/"+key+"/0", name)
					}
				} else {
					c.Args = append(c.Args, raw(text))
					if g.mode == plan.Explicit {
						c = refer(c, fmt.Sprintf("/args/%d/0", len(c.Args)-1), name)
					}
				}
			}
		}
		g.cmds[i] = c
	}
}

// level is the longest path that ends at command i.
func (g *graph) level(i int, known map[int]int) int {
	if l, ok := known[i]; ok {
		return l
	}
	l := 0
	for _, j := range g.uses[i] {
		l = max(l, 1+g.level(j, known))
	}
	known[i] = l
	return l
}

func TestGraph(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 1)
		asked := rapid.SliceOf(rapid.IntRange(0, len(g.uses)-1)).Draw(t, "asked for")
		var wanted []string
		for _, i := range asked {
			wanted = append(wanted, g.cmds[i].Name)
		}
		p, err := plan.New(g.cmds, g.mode, wanted)
		if err != nil {
			t.Fatal(err)
		}
		known, consumers := map[int]int{}, make([][]int, len(g.uses))
		for i, used := range g.uses {
			for _, j := range used {
				consumers[j] = append(consumers[j], i)
			}
		}
		levels, results := 0, []int(nil)
		for i := range p.Steps {
			if want := g.level(i, known); p.Steps[i].Level != want {
				t.Errorf("level of step %d is %d, want %d", i, p.Steps[i].Level, want)
			}
			levels = max(levels, g.level(i, known)+1)
			if !slices.Equal(p.Steps[i].Inputs, g.uses[i]) || !slices.Equal(p.Steps[i].Consumers, consumers[i]) {
				t.Errorf("step %d is %+v, want inputs %v and consumers %v", i, p.Steps[i], g.uses[i], consumers[i])
			}
			if len(consumers[i]) == 0 || slices.Contains(asked, i) {
				results = append(results, i)
			}
		}
		if p.Levels != levels || !slices.Equal(p.Results, results) {
			t.Errorf("%d levels, results %v; want %d, %v", p.Levels, p.Results, levels, results)
		}
	})
}

func TestProgress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 1)
		p, err := plan.New(g.cmds, g.mode, nil)
		if err != nil {
			t.Fatal(err)
		}
		progress := p.Begin()
		running := progress.Ready()
		started := slices.Clone(running)
		ended := make([]bool, len(g.uses))
		for len(running) > 0 {
			if progress.Finished() {
				t.Fatalf("finished, but %v run", running)
			}
			k := rapid.IntRange(0, len(running)-1).Draw(t, "ends next")
			i := running[k]
			running = slices.Delete(running, k, k+1)
			for _, j := range g.uses[i] {
				if !ended[j] {
					t.Fatalf("step %d ran before its input %d had ended", i, j)
				}
			}
			ended[i] = true
			ready := progress.Done(i)
			if !slices.IsSorted(ready) {
				t.Errorf("Done returned %v, not ascending", ready)
			}
			for _, c := range ready {
				if !slices.Contains(g.uses[c], i) {
					t.Errorf("step %d became ready by the end of %d, which it doesn't use", c, i)
				}
			}
			if again := progress.Done(i); again != nil {
				t.Errorf("the second end of step %d made %v ready", i, again)
			}
			running, started = append(running, ready...), append(started, ready...)
		}
		slices.Sort(started)
		if !progress.Finished() || !slices.Equal(started, indexes(len(g.uses))) {
			t.Errorf("finished: %v; of %d steps these started: %v", progress.Finished(), len(g.uses), started)
		}
	})
}

func TestProgressTooEarly(t *testing.T) {
	p := newPlan(t, plan.Names, chain(2)...)
	defer func() {
		if recover() == nil {
			t.Error("a step that was not ready has ended, and Done did not panic")
		}
	}()
	p.Begin().Done(1)
}

func TestCycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t, 2)
		// Some command uses what uses it, by one step or several.
		to := rapid.IntRange(0, len(g.uses)-1).Draw(t, "from")
		at := to
		for steps := rapid.IntRange(1, 5).Draw(t, "steps"); steps > 0 && len(g.uses[at]) > 0; steps-- {
			at = rapid.SampledFrom(g.uses[at]).Draw(t, "to")
		}
		if at == to {
			t.Skip("nothing to close")
		}
		g.uses[at] = append(g.uses[at], to)
		slices.Sort(g.uses[at])
		g.build(t)
		_, err := plan.New(g.cmds, g.mode, nil)
		var e *wire.Error
		if !errors.As(err, &e) || e.Code != wire.InvalidRequest {
			t.Fatalf("error is %v", err)
		}
		cycle := e.Details["cycle"].([]string)
		if e.Details["command"] != cycle[0] {
			t.Errorf("command is %v, the cycle %v", e.Details["command"], cycle)
		}
		index := func(name string) int {
			return slices.IndexFunc(g.cmds, func(c wire.Command) bool { return c.Name == name })
		}
		seen := map[string]bool{}
		for n, name := range cycle {
			next := cycle[(n+1)%len(cycle)]
			if !slices.Contains(g.uses[index(name)], index(next)) || seen[name] || index(name) < index(cycle[0]) {
				t.Fatalf("%v is no cycle that begins with what is declared first: %q, then %q", cycle, name, next)
			}
			seen[name] = true
		}
	})
}

// The model of Resolve decodes, substitutes and encodes again.
func TestResolveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom([]plan.Mode{plan.Names, plan.Explicit}).Draw(t, "mode")
		m, cmds, results := drawRequest(t, mode)
		if m.missing > 0 {
			t.Skip("nothing there in explicit mode, which is another test")
		}
		p, err := plan.New(cmds, mode, nil)
		if err != nil {
			t.Fatal(err)
		}
		args, kwargs, _, err := p.Resolve(0, give(results...))
		if err != nil {
			t.Fatal(err)
		}
		for n := range args {
			got, err := args[n].Any()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m.args[n], got); diff != "" {
				t.Errorf("argument %d, given as %s (-want +got):\n%s", n, cmds[0].Args[n], diff)
			}
		}
		for key := range kwargs {
			got, err := kwargs[key].Any()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m.kwargs[key], got); diff != "" {
				t.Errorf("keyword %q, given as %s (-want +got):\n%s", key, cmds[0].Kwargs[key], diff)
			}
		}
	})
}
