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
		c := mpregtest.NewCluster(t, 4, elsewhere("where", func(ctx context.Context) string { return mpreg.InfoFromContext(ctx).Node }))
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
