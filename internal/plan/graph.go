package plan

import (
	"slices"

	"github.com/mpreg/mpreg/internal/wire"
)

// connect turns the inputs of all steps around into their consumers.
func (p *Plan) connect() {
	counts, edges := make([]int, len(p.Steps)), 0
	for i := range p.Steps {
		edges += len(p.Steps[i].Inputs)
		for _, j := range p.Steps[i].Inputs {
			counts[j]++
		}
	}
	all := make([]int, edges)
	for j, n := range counts {
		p.Steps[j].Consumers, all = all[:0:n], all[n:]
	}
	for i := range p.Steps {
		for _, j := range p.Steps[i].Inputs {
			p.Steps[j].Consumers = append(p.Steps[j].Consumers, i)
		}
	}
}

// order gives each step its level, after A. B. Kahn, "Topological sorting of
// large networks" (1962): a step comes when all its inputs have come. What
// never comes is on a cycle, or behind one.
func (p *Plan) order() error {
	waiting := make([]int, len(p.Steps))
	queue := make([]int, 0, len(p.Steps))
	for i := range p.Steps {
		if waiting[i] = len(p.Steps[i].Inputs); waiting[i] == 0 {
			queue = append(queue, i)
		}
	}
	p.roots = slices.Clip(queue)
	for n := 0; n < len(queue); n++ {
		step := &p.Steps[queue[n]]
		p.Levels = max(p.Levels, step.Level+1)
		for _, i := range step.Consumers {
			if waiting[i]--; waiting[i] == 0 {
				// Steps come level by level, so that the last input is one of
				// the highest level.
				p.Steps[i].Level = step.Level + 1
				queue = append(queue, i)
			}
		}
	}
	if len(queue) == len(p.Steps) {
		return nil
	}
	var cycle []string
	for _, i := range p.cycle(waiting) {
		cycle = append(cycle, p.cmds[i].Name)
	}
	return refuse(cycle[0], "commands wait for each other in a circle: %s uses %q; break it",
		list(cycle, " uses "), cycle[0]).With(DetailCycle, cycle)
}

// cycle finds a cycle among the steps that still wait: each uses the next,
// the last uses the first, and the first is the one declared first. From any
// step that waits a step back to an input that waits is possible for ever, so
// that the walk must come round.
func (p *Plan) cycle(waiting []int) []int {
	waits := func(i int) bool { return waiting[i] > 0 }
	at := slices.IndexFunc(waiting, func(n int) bool { return n > 0 })
	var walk []int
	visited := make([]int, len(p.Steps)) // one more than the position in walk
	for visited[at] == 0 {
		walk = append(walk, at)
		visited[at] = len(walk)
		inputs := p.Steps[at].Inputs
		at = inputs[slices.IndexFunc(inputs, waits)]
	}
	cycle := walk[visited[at]-1:]
	first := slices.Index(cycle, slices.Min(cycle))
	return slices.Concat(cycle[first:], cycle[:first])
}

// choose notes whose results are answered.
func (p *Plan) choose(names *names, wanted []string) error {
	asked := make([]bool, len(p.Steps))
	for _, name := range wanted {
		i, ok := names.index[name]
		if !ok {
			return wire.Errorf(wire.InvalidRequest,
				"the result of %q is asked for, but the request has no such command", name).
				With(wire.DetailCommand, name)
		}
		asked[i] = true
	}
	for i := range p.Steps {
		if asked[i] || len(p.Steps[i].Consumers) == 0 {
			p.Results = append(p.Results, i)
		}
	}
	return nil
}
