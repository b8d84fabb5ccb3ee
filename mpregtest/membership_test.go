package mpregtest_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/mpregtest"
)

// hostsOwn has each node offer its own name as a loc of where.
func hostsOwn(_ int, s *mpreg.Server) error {
	return s.Register("where", s.Name, s.Name())
}

// serves fails the test unless a node gets answers from exactly these. Of others it
// may know that they were there, but waits for none longer than a dial takes.
func serves(t *testing.T, c *mpregtest.Cluster, from *mpregtest.Node, want ...*mpregtest.Node) {
	t.Helper()
	wanted := make(map[string]bool)
	for _, n := range want {
		wanted[n.Name()] = true
	}
	for _, to := range c.Nodes() {
		client := from.Server().Client().With(mpreg.At(to.Name()), mpreg.Timeout(3*time.Second))
		got, err := mpreg.Call[string](t.Context(), client, "where")
		switch {
		case wanted[to.Name()] && (got != to.Name() || err != nil):
			t.Errorf("%s calls %s: %q, %v", from.Name(), to.Name(), got, err)
		case !wanted[to.Name()] && !errors.Is(err, mpreg.NotFound) && !errors.Is(err, mpreg.Unavailable):
			t.Errorf("%s calls %s, which it can't reach: %q, %v", from.Name(), to.Name(), got, err)
		}
	}
}

// agree fails the test unless these nodes know and reach each other, and no others.
func agree(t *testing.T, c *mpregtest.Cluster, nodes ...*mpregtest.Node) {
	t.Helper()
	know(t, nodes...)
	for _, n := range nodes {
		serves(t, c, n, nodes...)
	}
}

// TestSeeds: who is told of whom.
func TestSeeds(t *testing.T) {
	for seeds, want := range map[int][]string{
		-1: {"12", "02", "01"},
		0:  {"12", "02", "01"},
		1:  {"", "0", "0"},
		2:  {"1", "0", "01"},
		3:  {"12", "02", "01"},
		9:  {"12", "02", "01"},
	} {
		got := make([]string, 3)
		mpregtest.NewCluster(t, 3, mpregtest.NoWait(), mpregtest.Seeds(seeds),
			mpregtest.Config(func(i int, cfg *mpreg.Config) {
				for _, url := range cfg.Peers {
					got[i] += url[len("ws://node-"):]
				}
			}))
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("Seeds(%d): they are told of %q, want %q", seeds, got, want)
		}
	}
}

// TestSeedsAreEnough: nodes that were told of one find all, and need it no more.
func TestSeedsAreEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 6, mpregtest.Seeds(1), mpregtest.Setup(hostsOwn), quiet())
		agree(t, c, c.Nodes()...)
		c.Node(0).Kill()
		c.WaitConverged()
		agree(t, c, c.Nodes()[1:]...)
		c.Node(0).Restart()
		c.WaitConverged()
		agree(t, c, c.Nodes()...)
	})
}

// TestPartitionAndHeal: each side is a cluster, and then all are one again.
func TestPartitionAndHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 5, mpregtest.Setup(hostsOwn), quiet())
		for _, row := range []struct{ groups, sides [][]int }{
			{[][]int{{0, 1, 2}, {3, 4}}, [][]int{{0, 1, 2}, {3, 4}}},
			{[][]int{{2}}, [][]int{{2}, {0, 1, 3, 4}}},
			{[][]int{{0}, {1}, {2}, {3}, {4}}, [][]int{{0}, {1}, {2}, {3}, {4}}},
		} {
			c.Partition(row.groups...)
			c.WaitConverged()
			for _, side := range row.sides {
				var nodes []*mpregtest.Node
				for _, i := range side {
					nodes = append(nodes, c.Node(i))
				}
				agree(t, c, nodes...)
			}
			c.Heal()
			c.WaitConverged()
			agree(t, c, c.Nodes()...)
		}
	})
}

// TestShortPartition: who was silent for a moment is missed by nobody, and what was
// asked meanwhile is answered.
func TestShortPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(hostsOwn))
		for name, silence := range map[string]struct{ begin, end func() }{
			"partition": {func() { c.Partition([]int{1}) }, c.Heal},
			"freeze":    {c.Node(1).Freeze, c.Node(1).Thaw},
			"there":     {func() { c.Cut(0, 1) }, c.Heal},
			"back":      {func() { c.Cut(1, 0) }, c.Heal},
		} {
			silence.begin()
			answered := make(chan error, 1)
			go func() {
				_, err := c.Node(0).Server().Client().With(mpreg.At("node-1")).Call(t.Context(), "where")
				answered <- err
			}()
			<-time.After(time.Second)
			synctest.Wait()
			if len(answered) > 0 {
				t.Errorf("%s: answered, with %v", name, <-answered)
				continue
			}
			silence.end()
			if err := <-answered; err != nil {
				t.Errorf("%s: %v", name, err)
			}
			know(t, c.Nodes()...)
		}
	})
}

// TestPartOfARestart: a node comes back to the side that it was on.
func TestPartOfARestart(t *testing.T) {
	for name, end := range map[string]func(*mpregtest.Node) error{
		"Kill": func(n *mpregtest.Node) error { n.Kill(); return nil },
		"Stop": (*mpregtest.Node).Stop,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := mpregtest.NewCluster(t, 4, mpregtest.Setup(hostsOwn), quiet())
				c.Partition([]int{0, 1}, []int{2, 3})
				must(t, end(c.Node(1))) // nobody behind the partition is told
				c.WaitConverged()
				agree(t, c, c.Node(0))
				agree(t, c, c.Node(2), c.Node(3))
				c.Node(1).Restart()
				c.WaitConverged()
				agree(t, c, c.Node(0), c.Node(1))
				agree(t, c, c.Node(2), c.Node(3))
				c.Heal()
				c.WaitConverged()
				agree(t, c, c.Nodes()...)
			})
		})
	}
}

// TestFreezeAndThaw: a node that stood still comes back as what it was.
func TestFreezeAndThaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(hostsOwn), quiet())
		n, others := c.Node(3), c.Nodes()[:3]
		server, other := n.Server(), c.Node(0).Server()
		n.Freeze()
		n.Freeze() // once more does nothing
		c.WaitConverged()
		agree(t, c, others...)
		must(t, other.SetResources("moved")) // it has to learn of that afterwards
		c.WaitConverged()
		n.Thaw()
		c.WaitConverged()
		agree(t, c, c.Nodes()...)
		if n.Server() != server {
			t.Error("it is another server")
		}
		where(t, n.Server().Client().With(mpreg.At("node-0", "moved")), "node-0")
	})
}

// TestEndOfAFrozenNode: Kill ends a Freeze, and Restart; Stop does not.
func TestEndOfAFrozenNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(hostsOwn), quiet())
		n, others := c.Node(2), c.Nodes()[:2]
		for name, end := range map[string]func(){
			"Kill":          n.Kill,
			"Stop":          func() { must(t, n.Stop()) },
			"Stop and Thaw": func() { must(t, n.Stop()); n.Thaw() },
		} {
			t.Log(name)
			n.Freeze()
			end()
			c.WaitConverged()
			agree(t, c, others...)
			n.Freeze() // lasts no longer than until the restart
			n.Restart()
			c.WaitConverged()
			agree(t, c, c.Nodes()...)
		}
	})
}

// TestFreezeAll: nodes of which none hears any other are not one cluster, and
// frozen ones are not asked what they know.
func TestFreezeAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(hostsOwn), quiet())
		start := time.Now()
		for _, n := range c.Nodes() {
			n.Freeze()
			must(t, n.Server().SetResources("moved")) // nobody can know
		}
		c.WaitConverged()
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("waited %v of fake time for nobody", took)
		}
		<-time.After(time.Minute)
		for _, n := range c.Nodes() {
			n.Thaw()
		}
		c.WaitConverged()
		agree(t, c, c.Nodes()...)
	})
}

// TestEndInSilence: the end of a test waits for no answer that can't come.
func TestEndInSilence(t *testing.T) {
	for name, silence := range map[string]func(*mpregtest.Cluster){
		"freeze":    func(c *mpregtest.Cluster) { c.Node(0).Freeze(); c.Node(1).Freeze() },
		"partition": func(c *mpregtest.Cluster) { c.Partition([]int{0}) },
		"cut":       func(c *mpregtest.Cluster) { c.Cut(0, 1) },
	} {
		for _, called := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, called: %v", name, called), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var start time.Time
					r := recorded(t, func(tb testing.TB) {
						c := mpregtest.NewCluster(tb, 3, mpregtest.Setup(functions))
						if called {
							where(tb, c.Client(), "node-0", "node-1", "node-2")
						}
						silence(c)
						start = time.Now()
					})
					if took := time.Since(start); took != 0 || len(r.reports) != 0 {
						t.Errorf("took %v of fake time; reports: %q", took, r.reports)
					}
				})
			})
		}
	}
}

// TestCut: two nodes that can't talk know each other by a third.
func TestCut(t *testing.T) {
	for name, cut := range map[string]func(*mpregtest.Cluster){
		"one way":   func(c *mpregtest.Cluster) { c.Cut(0, 1) },
		"both ways": func(c *mpregtest.Cluster) { c.Cut(0, 1); c.Cut(1, 0) },
		"bridge":    func(c *mpregtest.Cluster) { c.Partition([]int{0, 2}, []int{1, 2}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := mpregtest.NewCluster(t, 3, mpregtest.Setup(hostsOwn), quiet())
				cut(c)
				<-time.After(30 * time.Second) // until it was noticed
				c.WaitConverged()
				know(t, c.Nodes()...)
				serves(t, c, c.Node(2), c.Nodes()...)
				c.Heal()
				c.WaitConverged()
				agree(t, c, c.Nodes()...)
			})
		})
	}
}

// TestSlowCluster: a latency delays what nodes tell each other, and nothing else.
func TestSlowCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(hostsOwn), mpregtest.Latency(100*time.Millisecond), quiet())
		agree(t, c, c.Nodes()...)
		must(t, c.Node(1).Server().Register("late", func() {}))
		c.WaitConverged()
		_, err := c.Node(2).Client().Call(t.Context(), "late")
		must(t, err)
		c.Node(1).Kill()
		must(t, c.Node(2).Stop())
		c.WaitConverged()
		agree(t, c, c.Node(0), c.Node(3))
		c.Node(1).Restart()
		c.Node(2).Restart()
		c.WaitConverged()
		agree(t, c, c.Nodes()...)
	})
}
