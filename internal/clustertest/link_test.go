package clustertest_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/mpregtest"
)

// gatedConn lets some bytes out, and no more until its gate is open.
type gatedConn struct {
	net.Conn
	n       atomic.Int64
	most    int64
	blocked chan struct{}
	gate    chan struct{}
	once    sync.Once
}

func (c *gatedConn) Write(p []byte) (int, error) {
	if c.n.Add(int64(len(p))) > c.most {
		c.once.Do(func() { close(c.blocked) })
		<-c.gate
	}
	return c.Conn.Write(p)
}

// TestLargeCallWhileLinksSettle: a large call is on its way on the link that is
// given up, and the small GOAWAY must not overtake it.
func TestLargeCallWhileLinksSettle(t *testing.T) {
	lx, ux := testkit.Listen(t)
	ly, uy := testkit.Listen(t)
	release := make(chan struct{})
	var dialer net.Dialer
	x := testkit.NewServer(t, mpreg.Config{Name: "x", Peers: []string{uy}}, mpreg.WithListener(lx),
		mpreg.WithDialer(func(ctx context.Context, n, a string) (net.Conn, error) {
			select {
			case <-release:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return dialer.DialContext(ctx, n, a)
		}))
	var runs atomic.Int64
	testkit.Must(t, x.Register("length", func(s string) int { runs.Add(1); return len(s) }))
	g := &gatedConn{most: 300_000, blocked: make(chan struct{}), gate: make(chan struct{})}
	var gated atomic.Bool
	y := testkit.NewServer(t, mpreg.Config{Name: "y", Peers: []string{ux}}, mpreg.WithListener(ly),
		mpreg.WithDialer(func(ctx context.Context, n, a string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, n, a)
			if err != nil || !gated.CompareAndSwap(false, true) {
				return c, err // where nothing is heard for long, y dials anew
			}
			g.Conn = c
			return g, nil
		}))
	testkit.Run(t, x)
	testkit.Run(t, y)
	open := sync.OnceFunc(func() { close(g.gate) })
	t.Cleanup(open) // before the nodes are stopped
	testkit.Acquainted(t, x, y)
	call := testkit.Later(func() (int, error) {
		return mpreg.Call[int](context.Background(), y.Client(), "length", strings.Repeat("x", 4<<20))
	})
	<-g.blocked
	close(release)
	testkit.Eventually(t, "two links", func() bool { return testkit.Status(t, y).Links >= 2 && testkit.Status(t, x).Links >= 2 })
	open()
	got := testkit.Within(t, "answer", call)
	if got.Err != nil {
		t.Errorf("the call is lost: %v; its function ran %d times", got.Err, runs.Load())
	}
}

// TestCallsWhileLinksSettle: none is lost, whenever it begins.
func TestCallsWhileLinksSettle(t *testing.T) {
	for range 5 {
		lx, ux := testkit.Listen(t)
		ly, uy := testkit.Listen(t)
		x := testkit.NewServer(t, mpreg.Config{Name: "x", Peers: []string{uy}}, mpreg.WithListener(lx))
		y := testkit.NewServer(t, mpreg.Config{Name: "y", Peers: []string{ux}}, mpreg.WithListener(ly))
		testkit.Must(t, x.Register("fx", func(s string) int { return len(s) }))
		testkit.Must(t, y.Register("fy", func(s string) int { return len(s) }))
		sx, sy := testkit.Run(t, x), testkit.Run(t, y)
		var wg sync.WaitGroup
		for i := range 8 {
			cl, fn := x.Client(), "fy"
			if i%2 == 1 {
				cl, fn = y.Client(), "fx"
			}
			arg := strings.Repeat("x", 10)
			if i < 2 {
				arg = strings.Repeat("x", 300_000)
			}
			wg.Go(func() {
				for range 30 { // the first as soon as there is a link
					if _, err := cl.With(mpreg.WaitForRoute()).Call(t.Context(), fn, arg); err != nil {
						t.Errorf("lost: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		testkit.Must(t, sx())
		testkit.Must(t, sy())
	}
}

// TestTwoURLsOfOneNode: the one that dials gives the second link up.
func TestTwoURLsOfOneNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("b", "a")
		m["alias"] = m["b"]
		b := testkit.Serve(t, mpreg.Config{Name: "b"}, mpreg.WithListener(m["b"]))
		a := testkit.Serve(t, mpreg.Config{Name: "a", Peers: []string{"ws://b", "ws://alias"}}, mpreg.WithListener(m["a"]), mpreg.WithDialer(m.Dial))
		testkit.Pass(time.Hour)
		if x, y := testkit.Status(t, a).Links, testkit.Status(t, b).Links; x != 1 || y != 1 {
			t.Errorf("%d and %d links", x, y)
		}
	})
}

// TestFlappingLink: a link that is lost again and again does not take a healthy node
// out of the routes: each call is answered, over a link that is made for it if need be.
func TestFlappingLink(t *testing.T) {
	nodes := testkit.Trio(t, func(i int, s *mpreg.Server) { testkit.Whereabouts(t, s, fmt.Sprint("on-", i)) })
	var cut cutter
	c := testkit.NewServer(t, mpreg.Config{Name: "node-3", Peers: []string{nodes[0].URL()}}, mpreg.WithDialer(cut.dial))
	testkit.Run(t, c)
	testkit.Acquainted(t, nodes[0], nodes[1], nodes[2], c)
	for range 20 {
		cut.all()
		for i, s := range nodes {
			got, err := mpreg.Call[string](t.Context(), c.Client(), fmt.Sprint("on-", i))
			switch {
			case err != nil && testkit.AsError(t, err).Code != mpreg.Unavailable: // it may have been under way
				t.Errorf("%v", err)
			case err == nil && got != s.Name():
				t.Errorf("ran on %s", got)
			}
		}
	}
	testkit.Eventually(t, "all is well", func() bool {
		for _, m := range c.Members() {
			if m.State != mpreg.MemberAlive {
				return false
			}
		}
		return true
	})
	for i, s := range nodes {
		wantCall(t, c, fmt.Sprint("on-", i), s.Name())
	}
}

// cutter dials, and cuts what it has dialed.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns = append(c.conns, conn)
	return conn, err
}

func (c *cutter) all() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
	c.conns = nil
}

// TestOneLinkBetweenTwoNodes: both name each other, and one link stays.
func TestOneLinkBetweenTwoNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 5
		c := mpregtest.NewCluster(t, n)
		testkit.Pass(time.Minute) // nobody dials anew either
		for _, node := range c.Nodes() {
			status, err := mpreg.Call[mpreg.Status](t.Context(), node.Server().Client(), "mpreg.status")
			if err != nil || status.Links != n-1 {
				t.Errorf("%s: %d links, %v", node.Name(), status.Links, err)
			}
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
