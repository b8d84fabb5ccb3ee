package mpreg

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/mpreg/mpreg/internal/plan"
	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// Large results that only other commands need stay where they were made, under a
// lease: their consumers fetch them there. The coordinator renews and releases.

// leaseTime is how long a result is held unless it is renewed, which is done three
// times as often, so that two losses do no harm. A coordinator that is gone, or a
// lease that it never learned of because the answer crossed a cancel, costs its
// holder no more than this, whatever the deadline.
const leaseTime = 30 * time.Second

// intermediate is what a coordinator knows of a command's result that others use.
type intermediate struct {
	wanted bool // the caller wants it too, or nobody uses it
	users  int  // commands that use it and have not ended

	// Guarded by the execution's mu.
	idempotent bool // its function is: it can be made again
	released   bool // nobody holds it any more
	remaking   *remaking
}

// several is what an execution of several commands needs besides. Its results are
// guarded by the execution's mu.
type several struct {
	results       []Value
	intermediates []intermediate
	renewal       *time.Timer    // of leases; nil if none needs that; guarded by mu, too
	renewing      sync.WaitGroup // its function
}

func newSeveral(p *plan.Plan) *several {
	s := &several{results: make([]Value, len(p.Steps)), intermediates: make([]intermediate, len(p.Steps))}
	for i, step := range p.Steps {
		s.intermediates[i].users = len(step.Consumers)
	}
	for _, index := range p.Results {
		s.intermediates[index].wanted = true
	}
	return s
}

// mayStay sets on a request that another node gets how its result may stay there.
func (e *execution) mayStay(index int, r *wire.Request) {
	switch {
	case e.several == nil:
		r.Keep, r.KeepFor = e.request.Keep, e.request.KeepFor // of who coordinates
	case e.node.config.KeepBytes > 0 && !e.several.intermediates[index].wanted:
		r.Keep, r.KeepFor = e.node.config.KeepBytes, leaseTime
	}
}

// holdings returns which nodes hold inputs of a command that are large, and how
// much, the most first.
func (e *execution) holdings(index int) []route.Holding {
	var list []route.Holding
	add := func(node string, n int64) {
		i := slices.IndexFunc(list, func(h route.Holding) bool { return h.Node == node })
		if i < 0 {
			i, list = len(list), append(list, route.Holding{Node: node})
		}
		list[i].Bytes += n
	}
	for _, input := range e.plan.Steps[index].Inputs {
		v := e.result(input)
		if lease := wire.LeaseOf(v); lease != nil {
			add(lease.Node, lease.Size)
		} else if n := int64(len(v.Bytes())); n > e.node.config.KeepBytes {
			add(e.node.ID(), n)
		}
	}
	slices.SortStableFunc(list, func(a, b route.Holding) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return list
}

// used notes that a command has its result and needs its inputs no more: they are
// released, but for those without which it could not be made again.
func (g *graphRun) used(index int) {
	for _, input := range g.plan.Steps[index].Inputs {
		if in := &g.several.intermediates[input]; in.users > 0 {
			if in.users--; in.users == 0 {
				g.spare = append(g.spare, input)
			}
		}
	}
	for again := true; again; { // what is released may have been what others were kept for
		before := len(g.spare)
		g.spare = slices.DeleteFunc(g.spare, func(spare int) bool {
			left := maxKept
			if g.keptFor(spare, &left) {
				return false
			}
			g.release(spare)
			return true
		})
		again = len(g.spare) > 0 && len(g.spare) < before
	}
}

// maxKept bounds how many results are looked at to find out whether one may have to
// be made again with the help of another.
const maxKept = 64

// keptFor reports whether a result that can't be made again is an input of one that
// may have to be, because it is held by another node.
func (e *execution) keptFor(index int, left *int) bool {
	return wire.LeaseOf(e.result(index)) != nil && !e.idempotent(index) && e.remakeable(index, left)
}

// remakeable reports whether a consumer of a result may have to be made again.
func (e *execution) remakeable(index int, left *int) bool {
	for _, consumer := range e.plan.Steps[index].Consumers {
		if *left--; *left < 0 {
			return false
		}
		e.mu.Lock()
		idempotent := e.several.intermediates[consumer].idempotent
		held := idempotent && wire.LeaseOf(e.several.results[consumer]) != nil
		released := e.several.intermediates[consumer].released
		e.mu.Unlock()
		if held && !released || held && e.remakeable(consumer, left) {
			return true
		}
	}
	return false
}

// idempotent reports whether a command that has ended may run again.
func (e *execution) idempotent(index int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.several.intermediates[index].idempotent
}

// release lets the node that holds a result forget it.
func (e *execution) release(index int) {
	e.mu.Lock()
	lease, released := wire.LeaseOf(e.several.results[index]), e.several.intermediates[index].released
	e.several.intermediates[index].released = true
	e.mu.Unlock()
	if lease != nil && !released {
		e.node.cluster.release(lease)
	}
}

// releaseAll is release for all that is left, when nothing of the request runs any
// more.
func (e *execution) releaseAll() {
	for index := range e.several.intermediates {
		e.release(index)
	}
	e.mu.Lock()
	e.ended = true
	stopped := e.several.renewal == nil || e.several.renewal.Stop()
	waits := e.several.renewal != nil
	e.mu.Unlock()
	if waits && stopped {
		e.several.renewing.Done()
	}
	e.several.renewing.Wait()
}

// holdOn keeps the leases of a request alive, once there is one.
func (e *execution) holdOn() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.several.renewal != nil {
		return
	}
	e.several.renewing.Add(1)
	e.several.renewal = time.AfterFunc(leaseTime/3, e.renew)
}

func (e *execution) renew() {
	defer e.several.renewing.Done()
	e.mu.Lock()
	var leases []*wire.Lease
	for index := range e.several.intermediates {
		if lease := wire.LeaseOf(e.several.results[index]); lease != nil && !e.several.intermediates[index].released {
			leases = append(leases, lease)
		}
	}
	if !e.ended {
		e.several.renewing.Add(1)
		e.several.renewal.Reset(leaseTime / 3)
	}
	e.mu.Unlock()
	for _, lease := range leases {
		e.node.cluster.renew(lease, leaseTime)
	}
}
