package clustertest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestUnreachableNodes: who can't be dialed is called all the same, by nodes that
// it has a link to and by others.
func TestUnreachableNodes(t *testing.T) {
	for _, n := range []int{3, 24} {
		t.Run(fmt.Sprint(n, " nodes"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := mpregtest.NewCluster(t, n, mpregtest.Setup(whereabout), mpregtest.Config(func(i int, cfg *mpreg.Config) {
					cfg.Unreachable = i == 1
				}))
				testkit.Pass(15 * time.Second)
				hidden := c.Node(1).Server()
				for _, node := range c.Nodes() {
					wantCall(t, node.Server(), "on-1", "node-1")
					wantCall(t, hidden, fmt.Sprint("on-", n-1), fmt.Sprint("node-", n-1))
					for _, m := range node.Server().Members() {
						if m.ID == hidden.ID() && len(m.URLs) > 0 {
							t.Errorf("%s has the URLs %q of a node that can't be dialed", node.Name(), m.URLs)
						}
					}
				}
			})
		})
	}
}

// TestOneObserverReachesIt: who can't be dialed, and has a link to one other node
// only, is called through that one, whoever is asked first.
func TestOneObserverReachesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, hidden, way = 9, 0, 1
		c := mpregtest.NewCluster(t, n, mpregtest.Setup(whereabout), mpregtest.Config(func(i int, cfg *mpreg.Config) {
			cfg.Unreachable = i == hidden
		}))
		for i := range n {
			if i != hidden && i != way {
				c.Cut(i, hidden)
				c.Cut(hidden, i)
			}
		}
		testkit.Pass(30 * time.Second)
		id := c.Node(hidden).Server().ID()
		failed := 0
		for i := 2; i < n; i++ {
			for range 10 {
				for testkit.StateAt(c.Node(i).Server(), id) != mpreg.MemberAlive {
					testkit.Pass(100 * time.Millisecond)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				if _, err := mpreg.Call[string](ctx, c.Node(i).Server().Client(), fmt.Sprint("on-", hidden)); err != nil {
					t.Logf("node-%d: %v", i, err)
					failed++
				}
				cancel()
			}
		}
		if failed > 0 {
			t.Errorf("%d of %d calls failed", failed, (n-2)*10)
		}
	})
}
