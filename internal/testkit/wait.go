package testkit

import (
	"context"
	"testing"
	"time"
)

// Patience bounds each wait for something that other goroutines bring about. It is
// there for what never comes: a stall of the machine is shorter.
const Patience = time.Minute

// Eventually waits for a condition that other goroutines bring about.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never: %s", what)
		}
	}
}

// Within returns what comes next, which must not be missing.
func Within[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	timeout := time.NewTimer(Patience)
	defer timeout.Stop()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatalf("none comes: %s", what)
		}
		return v
	case <-timeout.C:
		t.Fatalf("never: %s", what)
		panic("unreachable")
	}
}

// Outcome is how a call ended.
type Outcome[T any] struct {
	Value T
	Err   error
}

// Later makes a call that another goroutine has to answer. Its outcome can be left
// unread.
func Later[T any](call func() (T, error)) <-chan Outcome[T] {
	c := make(chan Outcome[T], 1)
	go func() {
		v, err := call()
		c <- Outcome[T]{v, err}
	}()
	return c
}

// Pass lets time pass in a synctest bubble. Outside of one it would be a sleep.
func Pass(d time.Duration) { <-time.After(d) }
