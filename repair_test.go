package mpreg_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// TestWatchOfNodeThatCannotListen: a node that has not come to serve has stopped all
// the same.
func TestWatchOfNodeThatCannotListen(t *testing.T) {
	l, _ := testkit.Listen(t)
	testkit.Must(t, l.Close())
	s := testkit.NewServer(t, mpreg.Config{Host: "256.0.0.1"})
	ended := testkit.Later(func() (struct{}, error) {
		for range s.Watch(context.Background()) {
		}
		return struct{}{}, nil
	})
	if err := s.Serve(t.Context()); err == nil {
		t.Fatal("it serves")
	}
	testkit.Within(t, "the watch ends", ended)
}

// TestWatchHeedsContext: also while there is much to tell.
func TestWatchHeedsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mpregtest.NewCluster(t, 4)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for range c.Node(0).Server().Watch(ctx) {
			n++
			cancel()
		}
		if n != 1 {
			t.Errorf("%d events, of which 1 was before the end", n)
		}
	})
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

// TestNoNodeRefusesItself: a node dials its peers when it has room for their links.
func TestNoNodeRefusesItself(t *testing.T) {
	peers := make([]string, 64)
	for i := range peers {
		peers[i] = fmt.Sprintf("%s/%d", testkit.Nowhere, i)
	}
	for range 300 {
		var log testkit.Journal
		s, err := mpreg.NewServer(mpreg.Config{Peers: peers}, mpreg.WithLogger(log.Logger()))
		testkit.Must(t, err)
		stop := testkit.Run(t, s)
		testkit.Must(t, stop())
		for _, line := range log.Take() {
			if strings.Contains(line, "does not serve") {
				t.Fatal(line)
			}
		}
	}
}
