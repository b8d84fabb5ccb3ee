package mpreg_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/wire"
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
	lx, ux := loopbackListener(t)
	ly, uy := loopbackListener(t)
	release := make(chan struct{})
	var dialer net.Dialer
	x, err := mpreg.NewServer(mpreg.Config{Name: "x", Peers: []string{uy}}, mpreg.WithLogger(quiet), mpreg.WithListener(lx),
		mpreg.WithDialer(func(ctx context.Context, n, a string) (net.Conn, error) {
			select {
			case <-release:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			return dialer.DialContext(ctx, n, a)
		}))
	must(t, err)
	var runs atomic.Int64
	must(t, x.Register("length", func(s string) int { runs.Add(1); return len(s) }))
	g := &gatedConn{most: 300_000, blocked: make(chan struct{}), gate: make(chan struct{})}
	var gated atomic.Bool
	y, err := mpreg.NewServer(mpreg.Config{Name: "y", Peers: []string{ux}}, mpreg.WithLogger(quiet), mpreg.WithListener(ly),
		mpreg.WithDialer(func(ctx context.Context, n, a string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, n, a)
			if err != nil || !gated.CompareAndSwap(false, true) {
				return c, err // where nothing is heard for long, y dials anew
			}
			g.Conn = c
			return g, nil
		}))
	must(t, err)
	run(t, x)
	run(t, y)
	open := sync.OnceFunc(func() { close(g.gate) })
	t.Cleanup(open) // before the nodes are stopped
	acquainted(t, x, y)
	call := later(func() (int, error) {
		return mpreg.Call[int](context.Background(), y.Client(), "length", strings.Repeat("x", 4<<20))
	})
	<-g.blocked
	close(release)
	eventually(t, "two links", func() bool { return linksOf(t, y) >= 2 && linksOf(t, x) >= 2 })
	open()
	got := within(t, "answer", call)
	if got.err != nil {
		t.Errorf("the call is lost: %v; its function ran %d times", got.err, runs.Load())
	}
}

// TestCallsWhileLinksSettle: none is lost, whenever it begins.
func TestCallsWhileLinksSettle(t *testing.T) {
	for range 5 {
		lx, ux := loopbackListener(t)
		ly, uy := loopbackListener(t)
		x, err := mpreg.NewServer(mpreg.Config{Name: "x", Peers: []string{uy}}, mpreg.WithLogger(quiet), mpreg.WithListener(lx))
		must(t, err)
		y, err := mpreg.NewServer(mpreg.Config{Name: "y", Peers: []string{ux}}, mpreg.WithLogger(quiet), mpreg.WithListener(ly))
		must(t, err)
		must(t, x.Register("fx", func(s string) int { return len(s) }))
		must(t, y.Register("fy", func(s string) int { return len(s) }))
		sx, sy := run(t, x), run(t, y)
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
				ok := 0
				for {
					_, err := cl.Call(context.Background(), fn, arg)
					if errors.Is(err, mpreg.NotFound) {
						continue
					}
					if err != nil {
						t.Errorf("lost: %v", err)
						return
					}
					if ok++; ok > 30 {
						return
					}
				}
			})
		}
		wg.Wait()
		must(t, sx())
		must(t, sy())
	}
}

// TestTwoURLsOfOneNode: the one that dials gives the second link up.
func TestTwoURLsOfOneNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory("b", "a")
		m["alias"] = m["b"]
		b := serve(t, mpreg.Config{Name: "b"}, mpreg.WithListener(m["b"]))
		a := serve(t, mpreg.Config{Name: "a", Peers: []string{"ws://b", "ws://alias"}}, mpreg.WithListener(m["a"]), mpreg.WithDialer(m.dial))
		pass(time.Hour)
		if x, y := linksOf(t, a), linksOf(t, b); x != 1 || y != 1 {
			t.Errorf("%d and %d links", x, y)
		}
	})
}

// TestLinkThatIsGivenUpIsNone: a node to which only such a link is left, because
// a call runs on it, is out of the routes.
func TestLinkThatIsGivenUpIsNone(t *testing.T) {
	s := serve(t, mpreg.Config{})
	l1 := memberOf(t, s, nodeHello("A", 1000), "far")
	ctx, cancel := context.WithCancel(t.Context())
	call := later(func() (string, error) { return mpreg.Call[string](ctx, s.Client(), "far") })
	l1.request(wire.KindCall)
	l2 := dialFrames(t, s.URL(), websocket.Dialer{})
	l2.join(nodeHello("A", 1000), "far")
	l2.alive()
	l1.send(written(t, func(f *wire.Frame) error { f.Goaway(&wire.Goaway{Reason: wire.GoawayDuplicate}); return nil }))
	l1.alive() // the node has taken the GOAWAY
	must(t, l2.ws.NetConn().Close())
	eventually(t, "one link", func() bool { return linksOf(t, s) == 1 })
	eventually(t, "the node is out of the routes", func() bool {
		_, err := s.Client().Call(t.Context(), "far")
		return errors.Is(err, mpreg.NotFound) && stateAt(s, "A") == mpreg.MemberDead
	})
	cancel()
	<-call
}
