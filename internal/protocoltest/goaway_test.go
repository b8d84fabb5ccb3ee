package protocoltest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestDrainWhileDialing: an attempt to dial a peer that does not answer holds up
// no drain.
func TestDrainWhileDialing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := testkit.NewNetwork("node", "peer")
		s := testkit.NewServer(t, mpreg.Config{Peers: []string{"ws://peer"}}, mpreg.WithListener(network["node"]), mpreg.WithDialer(network.Dial))
		stop := testkit.Run(t, s)
		c, err := network["peer"].Accept()
		testkit.Must(t, err)
		defer c.Close()
		start := time.Now()
		testkit.Must(t, stop())
		if took := time.Since(start); took != 0 {
			t.Errorf("it drained for %v of fake time", took)
		}
	})
}

// TestGreetedWhileDraining: who says HELLO too late is told to go elsewhere.
func TestGreetedWhileDraining(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	started, release := make(chan bool, 1), make(chan struct{})
	testkit.Must(t, s.Register("wait", func() { started <- true; <-release }))
	stop := testkit.Run(t, s)
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	call := testkit.Later(func() (struct{}, error) {
		_, err := s.Client().Call(context.Background(), "wait")
		return struct{}{}, err
	})
	testkit.Within(t, "the function runs", started)
	stopped := testkit.Later(func() (struct{}, error) { return struct{}{}, stop() })
	testkit.Eventually(t, "drains", func() bool { return s.Members()[0].State == "left" })
	p.greet(clientHello())
	p.send(callFrame(t, 1, "echo", 1))
	h, _, err := p.next()
	if err == nil && h.Kind != wire.KindGoaway {
		t.Errorf("want GOAWAY behind HELLO, got %v", h.Kind)
	}
	close(release)
	testkit.Must(t, testkit.Within(t, "the call ends", call).Err)
	_ = p.ws.Close()
	testkit.Must(t, testkit.Within(t, "the end of Serve", stopped).Err)
}

// TestLinkThatIsGivenUpIsNone: a node to which only such a link is left, because
// a call runs on it, is out of the routes.
func TestLinkThatIsGivenUpIsNone(t *testing.T) {
	s := testkit.Serve(t, mpreg.Config{})
	l1 := memberOf(t, s, nodeHello("A", 1000), "far")
	ctx, cancel := context.WithCancel(t.Context())
	call := testkit.Later(func() (string, error) { return mpreg.Call[string](ctx, s.Client(), "far") })
	l1.request(wire.KindCall)
	l2 := dialFrames(t, s.URL(), websocket.Dialer{})
	l2.join(nodeHello("A", 1000), "far")
	l2.alive()
	l1.send(written(t, func(f *wire.Frame) error { f.Goaway(&wire.Goaway{Reason: wire.GoawayDuplicate}); return nil }))
	l1.alive() // the node has taken the GOAWAY
	testkit.Must(t, l2.ws.NetConn().Close())
	testkit.Eventually(t, "one link", func() bool { return testkit.Status(t, s).Links == 1 })
	testkit.Eventually(t, "the node is out of the routes", func() bool {
		_, err := s.Client().Call(t.Context(), "far")
		return errors.Is(err, mpreg.NotFound) && testkit.StateAt(s, "A") == mpreg.MemberDead
	})
	cancel()
	<-call
}
