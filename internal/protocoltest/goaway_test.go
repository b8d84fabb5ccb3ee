package protocoltest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
	"github.com/mpreg/mpreg/internal/wire"
)

// TestDrainWhileDialing: an attempt to dial a peer that does not answer holds up
// no drain.
func TestDrainWhileDialing(t *testing.T) {
	l, url := testkit.Listen(t)
	defer l.Close()
	s := testkit.NewServer(t, mpreg.Config{Name: "s", Peers: []string{url}, DrainTimeout: 2 * time.Second})
	stop := testkit.Run(t, s)
	c, err := l.Accept()
	testkit.Must(t, err)
	defer c.Close()
	if err := stop(); err != nil { // nothing ran, so the deadline is of no concern
		t.Error(err)
	}
}

// TestGreetedWhileDraining: who says HELLO too late is told to go elsewhere.
func TestGreetedWhileDraining(t *testing.T) {
	s := testkit.NewServer(t, mpreg.Config{})
	started, release := make(chan struct{}), make(chan struct{})
	testkit.Must(t, s.Register("wait", func() { close(started); <-release }))
	stop := testkit.Run(t, s)
	p := dialFrames(t, s.URL(), websocket.Dialer{})
	call := testkit.Later(func() (struct{}, error) {
		_, err := s.Client().Call(context.Background(), "wait")
		return struct{}{}, err
	})
	<-started
	stopped := testkit.Later(func() (struct{}, error) { return struct{}{}, stop() })
	testkit.Eventually(t, "drains", func() bool { return s.Members()[0].State == "left" })
	p.greet(clientHello())
	p.send(callFrame(t, 1, "echo", 1))
	h, _, err := p.next()
	if err == nil && h.Kind != wire.KindGoaway {
		t.Errorf("want GOAWAY behind HELLO, got %v", h.Kind)
	}
	close(release)
	<-call
	_ = p.ws.Close()
	<-stopped
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
