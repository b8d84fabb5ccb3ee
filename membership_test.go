package mpreg_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// whereabout has each node of a cluster offer a function of its own that says
// where it runs.
func whereabout(i int, s *mpreg.Server) error {
	return s.Register(fmt.Sprint("on-", i), func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node })
}

func wantCall(t testing.TB, from *mpreg.Server, fn, where string) {
	t.Helper()
	got, err := mpreg.Call[string](t.Context(), from.Client(), fn)
	if err != nil || got != where {
		t.Errorf("%s calls %s: got %q, %v; want %q", from.Name(), fn, got, err, where)
	}
}

// TestChain: two nodes that know only a third find each other through it, and go
// on without it.
func TestChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(whereabout), mpregtest.Config(func(i int, cfg *mpreg.Config) {
			cfg.Peers = nil
			if i != 1 {
				cfg.Peers = []string{"ws://node-1"}
			}
		}))
		a := c.Node(0).Server()
		wantCall(t, a, "on-2", "node-2")
		c.Node(1).Kill()
		wantCall(t, a, "on-2", "node-2")
		c.WaitConverged()
		wantCall(t, a, "on-2", "node-2")
	})
}

// TestOneNodeIsEnough: of forty nodes each is told of one, and calls all others,
// most of which it has no link to.
func TestOneNodeIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 40
		c := mpregtest.NewCluster(t, n, mpregtest.Setup(whereabout), mpregtest.Config(func(i int, cfg *mpreg.Config) {
			cfg.Peers = []string{fmt.Sprintf("ws://node-%d", max(i-1, 0))}
		}))
		testkit.Pass(30 * time.Second)
		links := 0
		for _, node := range c.Nodes() {
			links += testkit.Status(t, node.Server()).Links
		}
		if links > n*12 {
			t.Errorf("%d ends of links at %d nodes: the mesh is not partial", links, n)
		}
		for i := range n {
			wantCall(t, c.Node(7).Server(), fmt.Sprint("on-", i), fmt.Sprint("node-", i))
		}
		if got := testkit.Status(t, c.Node(7).Server()).Links; got < n-1 {
			t.Errorf("%d links after calls of all", got)
		}
		testkit.Pass(3 * time.Minute)
		if got := testkit.Status(t, c.Node(7).Server()).Links; got > 16 {
			t.Errorf("%d links, minutes after the last call", got)
		}
		wantCall(t, c.Node(7).Server(), "on-30", "node-30")
	})
}

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

// TestMemberStates: who stops has left at once; who is killed is dead within a
// second; both stay in the list for those who look.
func TestMemberStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(whereabout))
		s, stopped, killed := c.Node(0).Server(), c.Node(1).Server().ID(), c.Node(2).Server().ID()
		testkit.Must(t, c.Node(1).Stop())
		synctest.Wait()
		if got := testkit.StateAt(s, stopped); got != mpreg.MemberLeft {
			t.Errorf("the node that stopped is %q", got)
		}
		c.Node(2).Kill()
		testkit.Pass(time.Second)
		if got := testkit.StateAt(s, killed); got != mpreg.MemberDead {
			t.Errorf("the node that was killed is %q", got)
		}
		c.WaitConverged()
		for _, m := range s.Members() {
			gone := m.ID == stopped || m.ID == killed
			if want := 1; gone == (len(m.Functions) == want) {
				t.Errorf("%s, %s, offers %v", m.Name, m.State, m.Functions)
			}
			if m.Since.IsZero() || m.Since.After(time.Now()) {
				t.Errorf("%s is %s since %v", m.Name, m.State, m.Since)
			}
		}
		testkit.Pass(11 * time.Minute)
		if got := len(s.Members()); got != 2 {
			t.Errorf("%d members after the dead are forgotten", got)
		}
	})
}

// TestFrozenNode: calls avoid it as soon as it is suspect, and find it again.
func TestFrozenNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i == 0 {
				return nil
			}
			return s.Register("where", func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node })
		}))
		s, frozen := c.Node(0).Server(), c.Node(1)
		frozen.Freeze()
		start := time.Now()
		for testkit.StateAt(s, frozen.Server().ID()) == mpreg.MemberAlive {
			testkit.Pass(10 * time.Millisecond)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("suspect after %v", took)
		}
		for range 50 {
			if got, err := mpreg.Call[string](t.Context(), s.Client(), "where"); err != nil || got == frozen.Name() {
				t.Fatalf("ran on %q, %v", got, err)
			}
		}
		for testkit.StateAt(s, frozen.Server().ID()) != mpreg.MemberDead {
			testkit.Pass(10 * time.Millisecond)
		}
		if took := time.Since(start); took > 9*time.Second {
			t.Errorf("dead after %v", took)
		}
		frozen.Thaw()
		c.WaitConverged()
		seen := make(map[string]bool)
		for range 300 {
			got, err := mpreg.Call[string](t.Context(), s.Client(), "where")
			testkit.Must(t, err)
			seen[got] = true
		}
		if !seen[frozen.Name()] {
			t.Errorf("after the thaw calls ran only on %v", seen)
		}
	})
}

// TestStallLosesNoCall: a host that stands still for some seconds is nobody's
// loss: calls that run there are answered.
func TestStallLosesNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(func(i int, s *mpreg.Server) error {
			if i != 1 {
				return nil
			}
			return s.Register("slow", func() string { testkit.Pass(2 * time.Second); return "done" })
		}))
		s := c.Node(0).Server()
		call := testkit.Later(func() (string, error) { return mpreg.Call[string](context.Background(), s.Client(), "slow") })
		testkit.Pass(time.Second)
		c.Node(1).Freeze()
		testkit.Pass(5 * time.Second)
		c.Node(1).Thaw()
		if got := <-call; got.Err != nil || got.Value != "done" {
			t.Errorf("got %+v", got)
		}
		c.WaitConverged()
		if got := testkit.StateAt(s, c.Node(1).Server().ID()); got != mpreg.MemberAlive {
			t.Errorf("it is %s", got)
		}
	})
}

// TestPartition: each side goes on by itself, and they are one again.
func TestPartition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 6, mpregtest.Setup(whereabout))
		c.Partition([]int{0, 1, 2})
		c.WaitConverged()
		wantCall(t, c.Node(0).Server(), "on-2", "node-2")
		wantCall(t, c.Node(3).Server(), "on-5", "node-5")
		c.Heal()
		start := time.Now()
		c.WaitConverged()
		t.Logf("healed after %v", time.Since(start))
		wantCall(t, c.Node(0).Server(), "on-5", "node-5")
		wantCall(t, c.Node(5).Server(), "on-0", "node-0")
	})
}

// TestWatch: whoever watches is told of all that becomes of the others.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 3, mpregtest.Setup(whereabout))
		ctx, cancel := context.WithCancel(t.Context())
		var told []string
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e := range c.Node(0).Server().Watch(ctx) {
				told = append(told, fmt.Sprintf("%s %s %s %d", e.Member.Name, e.Kind, e.Member.State, len(e.Member.Functions)))
			}
		}()
		synctest.Wait()
		slices.Sort(told)
		want := []string{"node-1 joined alive 1", "node-2 joined alive 1"}
		if !slices.Equal(told, want) {
			t.Errorf("at first: %q", told)
		}
		expect := func(what string, do func(), wait time.Duration, want ...string) {
			t.Helper()
			told = nil
			do()
			testkit.Pass(wait)
			synctest.Wait()
			if !slices.Equal(told, want) {
				t.Errorf("%s: got %q, want %q", what, told, want)
			}
		}
		expect("registers", func() { testkit.Must(t, c.Node(1).Server().Register("more", func() {})) }, time.Second, "node-1 updated alive 2")
		expect("stops", func() { testkit.Must(t, c.Node(2).Stop()) }, time.Second, "node-2 left left 0")
		expect("freezes", c.Node(1).Freeze, 5*time.Second, "node-1 suspected suspect 2")
		expect("thaws", c.Node(1).Thaw, 5*time.Second, "node-1 recovered alive 2")
		expect("dies", c.Node(1).Kill, time.Second, "node-1 died dead 0")
		cancel()
		<-done
	})
}

// TestWatchEnds: with its context, with the loop, and with the node.
func TestWatchEnds(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for e := range s.Watch(ctx) {
		t.Errorf("got %v", e)
	}
	stop := testkit.Run(t, s)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range s.Watch(context.Background()) {
			return
		}
	}()
	testkit.Must(t, stop())
	testkit.Within(t, "the watch ends", testkit.Later(func() (struct{}, error) { <-ended; return struct{}{}, nil }))
	for e := range s.Watch(context.Background()) {
		t.Errorf("after the end: got %v", e)
	}
}
