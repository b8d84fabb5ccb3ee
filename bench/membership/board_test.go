package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestBoard compares what is counted from change to change with what is there.
func TestBoard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 4
		b := newBoard(size)
		node := rapid.IntRange(0, size-1)
		nodes := rapid.SliceOfDistinct(node, rapid.ID[int])
		var model [size][size]cell
		deaths := 0
		viewers, members := nodes.Draw(t, "viewers"), nodes.Draw(t, "members")
		least := rapid.Uint64Range(0, 3).Draw(t, "version")
		met := func(_ int, c cell) bool { return c.alive && c.version >= least }
		holds := func() bool {
			for _, v := range viewers {
				for _, m := range members {
					if v != m && !met(m, model[v][m]) {
						return false
					}
				}
			}
			return true
		}
		e := b.expect(viewers, members, met)
		settled := holds()
		if e.isMet() != settled {
			t.Fatalf("at first met is %v", !settled)
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			v, m := node.Draw(t, "viewer"), node.Draw(t, "member")
			c := &model[v][m]
			switch rapid.IntRange(0, 2).Draw(t, "change") {
			case 0:
				b.alive(v, m)
				c.alive = true
			case 1:
				b.gone(v, m)
				if c.alive && v != m {
					deaths++
				}
				c.alive = false
			case 2:
				version := rapid.Uint64Range(0, 3).Draw(t, "known")
				b.knows(v, m, version)
				c.version = max(c.version, version)
			}
			settled = settled || holds()
			if e.isMet() != settled {
				t.Fatalf("met is %v, want %v", e.isMet(), settled)
			}
			if b.died() != deaths {
				t.Fatalf("%d deaths, want %d", b.died(), deaths)
			}
		}
	})
}

func TestExpectationFails(t *testing.T) {
	b := newBoard(3)
	b.alive(0, 1)
	e := b.expect([]int{0, 1}, []int{0, 1, 2}, func(_ int, c cell) bool { return c.alive })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := e.wait(ctx)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "3 views") || !strings.Contains(err.Error(), "of node 2") {
		t.Errorf("got %v", err)
	}
	if len(b.waiting) != 0 {
		t.Error("it is still waited for")
	}
}
