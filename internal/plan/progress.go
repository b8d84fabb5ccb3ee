package plan

import (
	"fmt"
	"slices"
)

// Progress tracks which steps of a plan may run. It is not safe for
// concurrent use.
type Progress struct {
	plan *Plan
	// waiting counts, for each step, the inputs that are still to come; it is
	// ended once the step has ended.
	waiting []int32
	left    int
	few     [8]int32 // waiting, for most requests
}

const ended = -1

// Begin returns the progress of a new run: nothing has ended.
func (p *Plan) Begin() *Progress {
	g := &Progress{plan: p, left: len(p.Steps)}
	if len(p.Steps) <= len(g.few) {
		g.waiting = g.few[:len(p.Steps)]
	} else {
		g.waiting = make([]int32, len(p.Steps))
	}
	for i := range p.Steps {
		g.waiting[i] = int32(len(p.Steps[i].Inputs))
	}
	return g
}

// Ready returns the steps without inputs, ascending: they start a run. The
// caller may keep and change the slice.
func (g *Progress) Ready() []int { return slices.Clone(g.plan.roots) }

// Done notes that step i has ended, and returns the steps that became ready
// by that, ascending. The caller may keep and change the slice. Each step
// counts once: for one that has ended already, Done does nothing. It panics
// if the step was not ready, since then something ran without its inputs.
func (g *Progress) Done(i int) []int {
	if g.waiting[i] == ended {
		return nil
	}
	if g.waiting[i] > 0 {
		panic(fmt.Sprintf("plan: step %d ended before its inputs", i))
	}
	g.waiting[i] = ended
	g.left--
	var ready []int
	for _, c := range g.plan.Steps[i].Consumers {
		if g.waiting[c]--; g.waiting[c] == 0 {
			ready = append(ready, c)
		}
	}
	return ready
}

// Finished reports whether all steps have ended.
func (g *Progress) Finished() bool { return g.left == 0 }
