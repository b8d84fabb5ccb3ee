package protocoltest_test

import (
	"testing"
	"testing/synctest"

	"github.com/gorilla/websocket"

	"github.com/mpreg/mpreg"
	"github.com/mpreg/mpreg/internal/testkit"
)

// TestClientWhereNodeWasDialed: who is dialed as a peer has to be a node.
func TestClientWhereNodeWasDialed(t *testing.T) {
	l, url := testkit.Listen(t)
	dialed := impostors(t, l)
	s := testkit.Serve(t, mpreg.Config{Peers: []string{url}})
	p := testkit.Within(t, "the node dials", dialed)
	p.hello()
	p.send(helloFrame(t, clientHello()))
	p.refused(0, mpreg.InvalidRequest, "client where a node")
	p.closed(websocket.ClosePolicyViolation)
	if n := len(s.Members()); n != 1 {
		t.Errorf("%d members", n)
	}
	q := clientAt(t, s)
	q.alive()
}

// TestPeerWithoutHello: a peer that accepts the link and says nothing is dialed
// again and again, and that is logged once.
func TestPeerWithoutHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := testkit.NewNetwork("node", "peer")
		dialed := impostors(t, m["peer"])
		var log testkit.Journal
		s := testkit.Serve(t, mpreg.Config{Peers: []string{"ws://peer"}}, mpreg.WithListener(m["node"]), mpreg.WithDialer(m.Dial), mpreg.WithLogger(log.Logger()))
		for range 5 {
			p := <-dialed
			if h := p.hello(); h.Node != s.ID() {
				t.Errorf("the node says %+v", h)
			}
			if h, _, err := p.next(); err == nil {
				t.Errorf("got %v", h.Kind)
			}
			if n := len(s.Members()); n != 1 {
				t.Errorf("%d members", n)
			}
		}
		log.Brief(t, 1)
		p := <-dialed // now it is awake
		p.hello()
		p.send(helloFrame(t, nodeHello("A", 1)), gossipFrame(t, nodeHello("A", 1), "far"))
		synctest.Wait()
		answersCall(t, s, p, "far")
	})
}
