package mpregtest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// names returns whom a node takes for alive, sorted.
func names(n *mpregtest.Node) []string {
	var all []string
	for _, m := range n.Server().Members() {
		if m.State == "alive" {
			all = append(all, m.Name)
		}
	}
	slices.Sort(all)
	return all
}

// know fails the test unless these nodes know each other and nobody else.
func know(t *testing.T, nodes ...*mpregtest.Node) {
	t.Helper()
	var want []string
	for _, n := range nodes {
		want = append(want, n.Name())
	}
	for _, n := range nodes {
		if diff := cmp.Diff(want, names(n)); diff != "" {
			t.Errorf("%s knows (-want +got):\n%s", n.Name(), diff)
		}
	}
}

// TestClusterIsReady: when NewCluster returns, each node's function is called from
// each node.
func TestClusterIsReady(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(functions), mpregtest.Setup(func(i int, s *mpreg.Server) error {
			return s.SetResources(s.Name())
		}))
		know(t, c.Nodes()...)
		for _, from := range c.Nodes() {
			for _, to := range c.Nodes() {
				where(t, from.Server().Client().With(mpreg.At(to.Name())), to.Name())
				where(t, from.Client(mpreg.At(to.Name())), to.Name())
			}
		}
	})
}

// TestMembersComeAndGo: WaitConverged returns when who was killed or stopped is
// known to nobody, and who was restarted to all.
func TestMembersComeAndGo(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(functions))
		for name, end := range map[string]func(*mpregtest.Node){
			"Kill": (*mpregtest.Node).Kill,
			"Stop": func(n *mpregtest.Node) { must(t, n.Stop()) },
		} {
			client := c.Node(0).Client(mpreg.OnNode("node-1"))
			where(t, client, "node-1")
			end(c.Node(1))
			c.WaitConverged()
			know(t, c.Node(0), c.Node(2))
			_, err := client.Call(t.Context(), "where")
			if failure, ok := errors.AsType[*mpreg.Error](err); !ok || failure.Executed != mpreg.ExecutedNo {
				t.Errorf("a call for the node after %s: %v", name, err)
			}
			c.Node(1).Restart()
			c.WaitConverged()
			know(t, c.Nodes()...)
			where(t, client, "node-1")
		}
	})
}

// TestRestartAtOnce: who comes back before anybody noticed is known as what it is
// now.
func TestRestartAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		starts := 0
		c := mpregtest.NewCluster(t, 2, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i != 1 {
				return nil
			}
			starts++
			return s.Register("starts", func() int { return starts }, fmt.Sprintf("life-%d", starts))
		}))
		c.Node(1).Kill()
		c.Node(1).Restart()
		c.WaitConverged()
		know(t, c.Nodes()...)
		if got, err := mpreg.Call[int](t.Context(), c.Node(0).Client(mpreg.At("life-2")), "starts"); got != 2 || err != nil {
			t.Errorf("got %d, %v", got, err)
		}
		if _, err := c.Node(0).Client(mpreg.At("life-1")).Call(t.Context(), "starts"); !errors.Is(err, mpreg.NotFound) {
			t.Errorf("what the earlier life offered: %v", err)
		}
	})
}

// TestWaitForOffers: after WaitConverged what was registered, withdrawn or moved is
// so for all.
func TestWaitForOffers(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3)
		from := c.Node(0).Client()
		s := c.Node(2).Server()
		must(t, s.Register("late", s.Name, "gpu"))
		c.WaitConverged()
		call := func(loc string) error {
			_, err := from.With(mpreg.At(loc)).Call(t.Context(), "late")
			return err
		}
		must(t, call("gpu"))
		if err := call("data"); !errors.Is(err, mpreg.NotFound) {
			t.Errorf("at a loc that nobody has: %v", err)
		}
		must(t, s.SetResources("data"))
		c.WaitConverged()
		must(t, call("data"))
		s.Unregister("late")
		c.WaitConverged()
		if err := call("gpu"); !errors.Is(err, mpreg.NotFound) {
			t.Errorf("after Unregister: %v", err)
		}
	})
}

// TestClientFindsAnother: a client of the cluster survives its node.
func TestClientFindsAnother(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(functions))
		client := c.Client()
		where(t, client, "node-0", "node-1", "node-2")
		c.Node(0).Kill()
		c.Node(1).Kill()
		c.WaitConverged()
		must(t, client.Ready(t.Context()))
		where(t, client, "node-2")
	})
}

// TestTwoClusters: clusters have nothing to do with each other, whatever their
// nodes are called.
func TestTwoClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := mpregtest.NewCluster(t, 2, mpregtest.Setup(functions))
		second := mpregtest.NewCluster(t, 3)
		know(t, first.Nodes()...)
		know(t, second.Nodes()...)
		if _, err := second.Client().Call(t.Context(), "where"); !errors.Is(err, mpreg.NotFound) {
			t.Errorf("a function of the other cluster: %v", err)
		}
	})
}
