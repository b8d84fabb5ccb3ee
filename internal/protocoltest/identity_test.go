package protocoltest_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// incarnationOf returns the incarnation of the member with this id, 0 if there
// is none.
func incarnationOf(s *mpreg.Server, id string) int64 {
	for _, m := range s.Members() {
		if m.ID == id {
			return m.Incarnation
		}
	}
	return 0
}

// TestIDTaken: a second node with an id that is in use is refused, and what is
// there stays.
func TestIDTaken(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
	own := s.Members()[0].Incarnation
	first := memberOf(t, s, nodeHello("A", 1000), "far")
	for _, row := range []struct {
		name        string
		id          string
		incarnation int64
		says        string
	}{
		{"the node's own, of an earlier start", s.ID(), own - 1, s.ID()},
		{"the node's own, of a later start", s.ID(), own + 1, s.ID()},
		{"the node itself", s.ID(), own, "leads back"},
		{"a member's, of an earlier start", "A", 999, "A"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 3 {
				p := dialFrames(t, s.URL(), websocket.Dialer{})
				p.send(helloFrame(t, nodeHello(row.id, row.incarnation)))
				p.refused(0, mpreg.InvalidRequest, row.says)
				p.closed(websocket.ClosePolicyViolation)
			}
			log.Brief(t, 1)
		})
	}
	if n := len(s.Members()); n != 2 || incarnationOf(s, "A") != 1000 {
		t.Errorf("members: %+v", s.Members())
	}
	if _, err := s.Client().Call(t.Context(), "stolen"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("a function of who was refused: %v", err)
	}
	answersCall(t, s, first, "far")
	first.alive()
}

// TestNodeStartedAnew: the new process of a node takes the place of the old one,
// whose link is lost, and calls on it with it.
func TestNodeStartedAnew(t *testing.T) {
	var log testkit.Journal
	s := testkit.Serve(t, mpreg.Config{}, mpreg.WithLogger(log.Logger()))
	old := memberOf(t, s, nodeHello("A", 1000), "far", "old")
	call := testkit.Later(func() (string, error) { return mpreg.Call[string](context.Background(), s.Client(), "old") })
	old.request(wire.KindCall)

	renewed := memberOf(t, s, nodeHello("A", 1001), "far", "new")
	if got := testkit.Within(t, "the call on the old process ends", call); !errors.Is(got.Err, mpreg.Unavailable) {
		t.Errorf("got %+v", got)
	} else if e, ok := errors.AsType[*mpreg.Error](got.Err); !ok || e.Executed != mpreg.ExecutedMaybe || e.Node != "node A" {
		t.Errorf("got %#v", got.Err)
	}
	if h, _, err := old.next(); err == nil {
		t.Errorf("the old link lives: %v", h.Kind)
	}
	testkit.Eventually(t, "the old link is gone", func() bool { return testkit.Status(t, s).Links == 1 })
	if n := len(s.Members()); n != 2 || incarnationOf(s, "A") != 1001 {
		t.Errorf("members: %+v", s.Members())
	}
	if _, err := s.Client().Call(t.Context(), "old"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("a function of the old process: %v", err)
	}
	answersCall(t, s, renewed, "far")
	answersCall(t, s, renewed, "new")
	renewed.alive()
	log.Brief(t, 1)
}

// TestMemberGone: a node whose link ends is out of the routes at once, and what
// waited for it is told.
func TestMemberGone(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	p := memberOf(t, s, nodeHello("A", 1), "far")
	call := testkit.Later(func() (string, error) { return mpreg.Call[string](context.Background(), s.Client(), "far") })
	p.request(wire.KindCall)
	testkit.Must(t, p.ws.NetConn().Close())
	got := testkit.Within(t, "the call ends", call)
	if e, ok := errors.AsType[*mpreg.Error](got.Err); !ok || e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe ||
		e.Node != "node A" || e.Function != "far" {
		t.Errorf("got %#v", got.Err)
	}
	if _, err := s.Client().Call(t.Context(), "far"); !errors.Is(err, mpreg.NotFound) && testkit.AsError(t, err).Executed != mpreg.ExecutedNo {
		t.Errorf("its function: %v", err)
	}
	testkit.Eventually(t, "the node is dead", func() bool { return testkit.StateAt(s, "A") == mpreg.MemberDead })
	if _, err := s.Client().Call(t.Context(), "far"); !errors.Is(err, mpreg.NotFound) {
		t.Errorf("its function: %v", err)
	}
}

// TestSelfLink: a node that is told to dial itself finds out, says so, and dials
// rarely then: the URL may be that of a balancer, which leads elsewhere next time.
func TestSelfLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("node")
		var dials atomic.Int64
		var log testkit.Journal
		s := testkit.Serve(t, mpreg.Config{Peers: []string{"ws://node"}}, mpreg.WithListener(m["node"]), mpreg.WithLogger(log.Logger()),
			mpreg.WithDialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
				dials.Add(1)
				return m.Dial(ctx, network, addr)
			}))
		testkit.Pass(time.Hour)
		synctest.Wait()
		if n := dials.Load(); n > 3600/10 {
			t.Errorf("it was dialed %d times in an hour", n)
		}
		if n := len(s.Members()); n != 1 {
			t.Errorf("%d members", n)
		}
		if n := testkit.Status(t, s).Links; n != 0 {
			t.Errorf("%d links", n)
		}
		log.Brief(t, 1)
	})
}

// TestSelfAmongPeers: the same list of peers does for all nodes.
func TestSelfAmongPeers(t *testing.T) {
	var listeners [3]net.Listener
	var urls [3]string
	for i := range listeners {
		listeners[i], urls[i] = testkit.Listen(t)
	}
	var nodes [3]*mpreg.Server
	for i := range nodes {
		nodes[i] = testkit.Serve(t, mpreg.Config{Peers: slices.Clone(urls[:])}, mpreg.WithListener(listeners[i]))
		testkit.Whereabouts(t, nodes[i], "where-"+urls[i])
	}
	testkit.Acquainted(t, nodes[:]...)
	for _, s := range nodes {
		for i, url := range urls {
			// Registered after the nodes have met, perhaps: then it is known soon.
			testkit.Eventually(t, "where-"+url, func() bool {
				got, err := mpreg.Call[string](t.Context(), s.Client(), "where-"+url)
				return err == nil && got == nodes[i].Name()
			})
		}
	}
}

// TestReplacedProcessIsLost: when a node was started anew and is gone before it has
// told of itself, its former process is gone as well.
func TestReplacedProcessIsLost(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	memberOf(t, s, nodeHello("A", 1000), "far")
	again := dialFrames(t, s.URL(), websocket.Dialer{})
	again.greet(nodeHello("A", 2000))
	testkit.Must(t, again.ws.NetConn().Close())
	testkit.Eventually(t, "it is dead", func() bool { return testkit.StateAt(s, "A") == mpreg.MemberDead })
}
