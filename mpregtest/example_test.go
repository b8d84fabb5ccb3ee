package mpregtest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// The tests of this file show how those of an application may look. An Example
// function would have no *testing.T to give.

// doubles is what the application offers: on all nodes but the first, which passes
// calls on.
func doubles(i int, s *mpreg.Server) error {
	if i == 0 {
		return nil
	}
	return s.Register("double", func(n int) int { return 2 * n }, s.Name())
}

// double fails the test unless a call ends with that error, or well if it is nil.
func double(t *testing.T, when string, client *mpreg.Client, want error) {
	t.Helper()
	got, err := mpreg.Call[int](t.Context(), client, "double", 21)
	if !errors.Is(err, want) || err == nil && got != 42 {
		t.Errorf("%s: got %d, %v, want 42 or %v", when, got, err, want)
	}
}

// TestExample: does the cluster still answer when a node crashes, and does it say
// what is missing when none is left that could?
func TestExample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all timeouts and retries in no time
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(doubles))
		client := c.Node(0).Client()
		double(t, "with all nodes", client, nil)

		c.Node(1).Kill()
		c.WaitConverged() // until the others have noticed
		double(t, "after a crash", client, nil)

		if err := c.Node(2).Stop(); err != nil {
			t.Errorf("the last node that offers it did not finish its work: %v", err)
		}
		c.WaitConverged()
		double(t, "with nobody left", client, mpreg.NotFound)

		c.Node(1).Restart()
		c.WaitConverged()
		double(t, "with one back", client, nil)
	})
}

// TestExampleFreeze: how long does a host that stands still delay those who call?
func TestExampleFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(doubles), quiet())
		client := c.Node(0).Client(mpreg.Timeout(500 * time.Millisecond))
		there := client.With(mpreg.At("node-1"))

		c.Node(1).Freeze()
		double(t, "before anybody can know", there, mpreg.DeadlineExceeded)

		c.WaitConverged()
		double(t, "when it is known", there, mpreg.NotFound)
		double(t, "of the other one", client, nil)

		c.Node(1).Thaw()
		c.WaitConverged()
		double(t, "after all", there, nil)
	})
}

// TestExamplePartition: what does each side of a network that fell apart still do?
func TestExamplePartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 5, mpregtest.Setup(doubles), quiet())
		left, right := c.Node(0).Client(), c.Node(4).Client()

		c.Partition([]int{0, 1}, []int{2, 3, 4})
		c.WaitConverged() // each side agrees on who is there
		double(t, "on the same side", left.With(mpreg.At("node-1")), nil)
		double(t, "behind the partition", left.With(mpreg.At("node-2")), mpreg.NotFound)
		double(t, "on the other side", right.With(mpreg.At("node-2")), nil)

		c.Heal()
		c.WaitConverged()
		double(t, "after it", left.With(mpreg.At("node-2")), nil)
	})
}

// TestExampleCut: does a node notice that it is heard no more, though it hears?
func TestExampleCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(doubles), quiet())
		client := c.Node(0).Client(mpreg.Timeout(500 * time.Millisecond))

		c.Cut(0, 1)
		double(t, "asked for in vain", client, mpreg.DeadlineExceeded)
		c.WaitConverged() // no way over a third node: each is alone

		c.Heal()
		c.WaitConverged()
		double(t, "after it", client, nil)
	})
}

// TestExampleLatency: what does a call cost between two sites?
func TestExampleLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = 20 * time.Millisecond
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(doubles), mpregtest.Latency(latency))
		client := c.Node(0).Client()
		double(t, "once, to connect", client, nil)

		start := time.Now()
		double(t, "passed on", client, nil)
		if took, want := time.Since(start), 4*latency; took != want {
			t.Errorf("to the first node, to the second and back took %v, want %v", took, want)
		}
	})
}

// TestExampleSeeds: is one address in the configuration enough?
func TestExampleSeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(doubles), mpregtest.Seeds(1))
		c.Node(0).Kill() // by which they found each other
		c.WaitConverged()
		double(t, "without it", c.Node(1).Client(mpreg.At("node-3")), nil)
	})
}
