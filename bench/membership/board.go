package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// board is what each node knows of each other one. The contenders keep it up to
// date as they learn, and the scenarios wait for what they want to be known. It is
// safe for concurrent use.
type board struct {
	size int

	mu      sync.Mutex
	cells   []cell // of each viewer's row of members
	deaths  int
	waiting []*expectation
}

// cell is what one node knows of another.
type cell struct {
	alive   bool
	version uint64 // of the catalog; 0 if none is known
}

func newBoard(size int) *board {
	return &board{size: size, cells: make([]cell, size*size)}
}

// alive notes that a node takes another one for a member.
func (b *board) alive(viewer, member int) {
	b.set(viewer, member, func(c *cell) { c.alive = true })
}

// gone notes that a node holds another one for dead, or knows that it left.
func (b *board) gone(viewer, member int) {
	b.set(viewer, member, func(c *cell) { c.alive = false })
}

// knows notes that a node has a version of another one's catalog.
func (b *board) knows(viewer, member int, version uint64) {
	b.set(viewer, member, func(c *cell) { c.version = max(c.version, version) })
}

func (b *board) set(viewer, member int, change func(*cell)) {
	if viewer == member {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at := &b.cells[viewer*b.size+member]
	before := *at
	change(at)
	if before.alive && !at.alive {
		b.deaths++
	}
	b.waiting = slices.DeleteFunc(b.waiting, func(e *expectation) bool {
		if e.viewers[viewer] && e.members[member] {
			e.missing += toInt(e.met(member, before)) - toInt(e.met(member, *at))
		}
		return e.settle()
	})
}

// died returns how often a node has taken another one for gone so far.
func (b *board) died() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.deaths
}

// expectation is something that several nodes shall know of several members.
type expectation struct {
	board            *board
	viewers, members []bool
	met              func(member int, c cell) bool
	missing          int // pairs of which it is not met; guarded by the board's mu
	at               time.Time
	done             chan struct{}
}

// expect returns when all viewers shall know of all members (but not of themselves)
// what met asks for. It is settled when that is so for all pairs at once.
func (b *board) expect(viewers, members []int, met func(member int, c cell) bool) *expectation {
	e := &expectation{
		board: b, viewers: make([]bool, b.size), members: make([]bool, b.size),
		met: met, done: make(chan struct{}),
	}
	for _, i := range viewers {
		e.viewers[i] = true
	}
	for _, i := range members {
		e.members[i] = true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pairs(e, func(_, _ int) { e.missing++ })
	if !e.settle() {
		b.waiting = append(b.waiting, e)
	}
	return e
}

// pairs calls each for the pairs of which e is not met. mu is held.
func (b *board) pairs(e *expectation, each func(viewer, member int)) {
	for i, c := range b.cells {
		viewer, member := i/b.size, i%b.size
		if viewer != member && e.viewers[viewer] && e.members[member] && !e.met(member, c) {
			each(viewer, member)
		}
	}
}

// settle reports whether nothing is missing any more. The board's mu is held.
func (e *expectation) settle() bool {
	if e.missing > 0 {
		return false
	}
	e.at = time.Now()
	close(e.done)
	return true
}

// isMet reports whether the expectation was met.
func (e *expectation) isMet() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// wait returns when the expectation was met. The error, if ctx ends before, says
// what is missing.
func (e *expectation) wait(ctx context.Context) (time.Time, error) {
	select {
	case <-e.done:
		return e.at, nil
	case <-ctx.Done():
	}
	b := e.board
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = slices.DeleteFunc(b.waiting, func(o *expectation) bool { return o == e })
	if e.missing == 0 {
		return e.at, nil
	}
	example := ""
	b.pairs(e, func(viewer, member int) {
		example = fmt.Sprintf("node %d has %+v of node %d", viewer, b.cells[viewer*b.size+member], member)
	})
	return time.Time{}, fmt.Errorf("%d views are not as they should be, %s: %w", e.missing, example, ctx.Err())
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
