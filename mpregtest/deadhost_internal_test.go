package mpregtest

import (
	"errors"
	"syscall"
	"testing"
)

// TestDyingHostTakesNothing: a host that is being cut refuses connections from the
// first moment, though its listener is closed last: the cut would miss one that came
// in between, and a killed node would say over it that it leaves.
func TestDyingHostTakesNothing(t *testing.T) {
	n := newNetwork(0)
	from, to := n.join("from"), n.join("to")
	l := to.listen()
	defer l.Close()
	n.change(func() { to.dead = true }) // what cut does first
	if c, _, err := n.connect(from, "to:80"); c != nil || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, %v, want %v", c, err, syscall.ECONNREFUSED)
	}
}
