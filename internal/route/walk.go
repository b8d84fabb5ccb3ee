package route

import (
	"math"
	"math/rand/v2"
)

// walk is an order of n things, each once. What was added one after the other is
// far apart in it: else all that are taken would often be of one node.
type walk struct{ at, step, n int }

// walkOf returns a walk from a random one of n on, or through all in their order
// if they are within the limit.
func walkOf(n, limit int) walk {
	const prime = math.MaxInt32 // any that is large: steps of it come to all of n, but for its multiples
	w := walk{0, 1, n}
	if n > limit {
		w.at = rand.IntN(n)
		w.step = max(prime%n, 1)
	}
	return w
}

func (w *walk) next() int {
	at := w.at
	if w.at += w.step; w.at >= w.n {
		w.at -= w.n
	}
	return at
}
