package protocoltest_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestClientThatStopsReading: its link is dropped, and what runs for it ends.
func TestClientThatStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("node")
		var log testkit.Journal
		s := testkit.Serve(t, mpreg.Config{WriteTimeout: 2 * time.Second}, mpreg.WithListener(m["node"]), mpreg.WithLogger(log.Logger()))
		ended := make(chan error, 1)
		testkit.Must(t, s.Register("wait", func(ctx context.Context) error { <-ctx.Done(); ended <- ctx.Err(); return ctx.Err() }))
		p := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
		p.greet(clientHello())
		p.send(callFrame(t, 1, "wait"))
		start := time.Now()
		p.send(callFrame(t, 2, "echo", strings.Repeat("x", 10_000)))
		if err := <-ended; err == nil {
			t.Error("the context of what runs for it has not ended")
		}
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("after %v of fake time", took)
		}
		synctest.Wait()
		if n := testkit.Status(t, s).Links; n != 0 {
			t.Errorf("%d links", n)
		}
		q := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
		q.greet(clientHello())
		q.alive()
		log.Brief(t, 1)
	})
}

// TestClientThatFillsTheQueue: what a client that does not read asks for is
// bounded, also where nothing may wait: the refusals of the read loop.
func TestClientThatFillsTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("node")
		var log testkit.Journal
		s := testkit.Serve(t, mpreg.Config{MaxQueueBytes: 4096, WriteTimeout: time.Hour}, mpreg.WithListener(m["node"]), mpreg.WithLogger(log.Logger()))
		p := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
		p.greet(clientHello())
		var err error
		sent := 0
		for ; err == nil && sent < 10_000; sent++ {
			err = p.ws.WriteMessage(websocket.BinaryMessage, message(frame(200, 0, 7)))
		}
		if err == nil {
			t.Errorf("%d frames were refused, and none of the refusals was read", sent)
		}
		synctest.Wait()
		if n := testkit.Status(t, s).Links; n != 0 {
			t.Errorf("%d links", n)
		}
		log.Brief(t, 1)
	})
}

// TestMemberThatStopsReading: its link is dropped, callers are told, and it is no
// member any more.
func TestMemberThatStopsReading(t *testing.T) {
	for name, arg := range map[string]string{"small": "x", "large": strings.Repeat("x", 200_000)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := testkit.NewNetwork("node")
				var log testkit.Journal
				s := testkit.Serve(t, mpreg.Config{WriteTimeout: 2 * time.Second}, mpreg.WithListener(m["node"]), mpreg.WithLogger(log.Logger()))
				p := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
				p.join(nodeHello("A", 1), "far")
				synctest.Wait()
				if n := len(s.Members()); n != 2 {
					t.Fatalf("%d members", n)
				}
				start := time.Now()
				var calls []<-chan testkit.Outcome[mpreg.Value]
				for range 10 {
					calls = append(calls, testkit.Later(func() (mpreg.Value, error) { return s.Client().Call(context.Background(), "far", arg) }))
				}
				for _, call := range calls {
					e := testkit.AsError(t, (<-call).Err)
					if e.Code != mpreg.Unavailable || e.Node != "node A" || e.Function != "far" {
						t.Errorf("got %#v", e)
					}
				}
				if took := time.Since(start); took != 2*time.Second {
					t.Errorf("after %v of fake time", took)
				}
				testkit.Pass(100 * time.Millisecond)
				if got := testkit.StateAt(s, "A"); got != mpreg.MemberDead {
					t.Errorf("it is %s", got)
				}
				if _, err := s.Client().Call(t.Context(), "far"); testkit.AsError(t, err).Code != mpreg.NotFound {
					t.Errorf("its function: %v", err)
				}
				if n := testkit.Status(t, s).Links; n != 0 {
					t.Errorf("%d links", n)
				}
				log.Brief(t, 1)
			})
		})
	}
}

// TestNodeThatStopsReading: a client whose node reads no more has its calls fail.
func TestNodeThatStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dialed := impostorsOf(t, "node")
		call := testkit.Later(func() (mpreg.Value, error) { return c.Call(context.Background(), "f") })
		welcome(t, dialed["node"], "A")
		if e := testkit.AsError(t, (<-call).Err); e.Code != mpreg.Unavailable || e.Executed != mpreg.ExecutedMaybe {
			t.Errorf("got %#v", e)
		}
	})
}

// TestMemberThatIsSilent: one that reads but never answers is a matter of the
// caller's deadline; one that does not even answer pings is dropped.
func TestMemberThatIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("node")
		s := testkit.Serve(t, mpreg.Config{PingInterval: 5 * time.Second, PingTimeout: time.Second}, mpreg.WithListener(m["node"]))
		p := dialFrames(t, "ws://node", websocket.Dialer{NetDialContext: m.Dial})
		p.join(nodeHello("A", 1), "far")
		synctest.Wait()
		reading := make(chan wire.FrameKind, 10)
		p.ws.SetPingHandler(func(string) error { return nil }) // after this it is silent
		go func() {
			defer close(reading)
			for {
				h, _, err := p.next()
				if err != nil {
					return
				}
				reading <- h.Kind
			}
		}()
		_, err := s.Client().With(mpreg.Timeout(time.Second)).Call(t.Context(), "far")
		if e := testkit.AsError(t, err); e.Code != mpreg.DeadlineExceeded || e.Executed != mpreg.ExecutedMaybe {
			t.Errorf("got %#v", e)
		}
		if n := len(s.Members()); n != 2 {
			t.Errorf("%d members: a late answer costs no link", n)
		}
		start := time.Now()
		_, err = s.Client().Call(t.Context(), "far")
		if e := testkit.AsError(t, err); e.Code != mpreg.Unavailable || e.Node != "node A" {
			t.Errorf("got %#v", e)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("after %v of fake time", took)
		}
		var kinds []wire.FrameKind
		for kind := range reading {
			kinds = append(kinds, kind)
		}
		if len(kinds) != 2 || kinds[0] != wire.KindCall || kinds[1] != wire.KindCall {
			t.Errorf("the node sent %v: want two calls", kinds)
		}
		testkit.Pass(100 * time.Millisecond)
		if got := testkit.StateAt(s, "A"); got != mpreg.MemberDead {
			t.Errorf("it is %s", got)
		}
	})
}

// TestPeerThatNeverReads: it loses its link, over JSON too, and nobody else notices.
func TestPeerThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.Serve(t, mpreg.Config{WriteTimeout: 2 * time.Second, MaxQueueBytes: 1 << 20}, mpreg.WithListener(network["node"]))
		testkit.Must(t, s.Register("big", func() string { return strings.Repeat("x", 1<<20) }))
		ws := testkit.Dial(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial})
		start := time.Now()
		for i := range 64 { // far more than is kept for who reads
			ws.Send(fmt.Sprintf(`{"role":"rpc","u":"%d","cmds":[{"name":"a","fun":"big"}]}`, i))
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the node read them in %v of fake time: that it can't write must not keep it", took)
		}
		testkit.Dial(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial}).Alive()
		testkit.Pass(3 * time.Second)
		if n := testkit.Status(t, s).Links; n != 1 {
			t.Errorf("%d links, want that of who reads", n)
		}
	})
}

// TestWaitingAnswersAreCounted: a peer that does not read can't have more
// answers waiting than requests in flight.
func TestWaitingAnswersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node")
		s := testkit.Serve(t, mpreg.Config{MaxInFlightPerLink: 4, MaxQueueBytes: 1, WriteTimeout: time.Hour, PingInterval: -1}, mpreg.WithListener(network["node"]))
		var calls atomic.Int64
		testkit.Must(t, s.Register("count", func() { calls.Add(1) }))
		ws := testkit.Dial(t, "ws://node", websocket.Dialer{NetDialContext: network.Dial})
		for i := range 100 {
			message := fmt.Sprintf(`{"role":"rpc","u":"%d","cmds":[{"name":"a","fun":"count"}]}`, i)
			if ws.WriteMessage(websocket.TextMessage, []byte(message)) != nil {
				break // its refusals have no room either: the link is gone
			}
			synctest.Wait()
		}
		if n := calls.Load(); n < 4 || n > 8 {
			t.Errorf("%d calls ran", n)
		}
	})
}
