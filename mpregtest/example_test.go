package mpregtest_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestExample is how a test of an application's own may look: does the cluster
// still answer when a node crashes, and does it say what is missing when none is
// left that could? An Example function would have no *testing.T to give.
func TestExample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // all timeouts and retries in no time
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil // it offers nothing, and passes calls on
			}
			return s.Register("double", func(n int) int { return 2 * n })
		}))
		client := c.Node(0).Client()
		check := func(when string, want int, wantErr error) {
			t.Helper()
			got, err := mpreg.Call[int](t.Context(), client, "double", 21)
			if got != want || !errors.Is(err, wantErr) {
				t.Errorf("%s: got %d, %v, want %d, %v", when, got, err, want, wantErr)
			}
		}
		check("with all nodes", 42, nil)

		c.Node(1).Kill()
		c.Wait() // until the others have noticed
		check("after a crash", 42, nil)

		if err := c.Node(2).Stop(); err != nil {
			t.Errorf("the last node that offers it did not finish its work: %v", err)
		}
		c.Wait()
		check("with nobody left", 0, mpreg.NotFound)

		c.Node(1).Restart()
		c.Wait()
		check("with one back", 42, nil)
	})
}
