package mpreg

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

func newTestCluster(t *testing.T) *cluster {
	t.Helper()
	s, err := NewServer(Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &s.cluster
}

// TestUnreadableDelta: of changes one of which can't be read, none is taken: what
// is routed and what is known of the node stay the same, and end together.
func TestUnreadableDelta(t *testing.T) {
	c := newTestCluster(t)
	m := c.member("A")
	m.name, m.catalog = "a", &wire.Catalog{Functions: []wire.Offer{{Name: "f"}}}
	c.place(m)
	good, err := wire.AppendDelta(nil, &wire.Delta{Added: []wire.Offer{{Name: "ghost"}}})
	if err != nil {
		t.Fatal(err)
	}
	c.load(m, nil, []string{string(good), "\xff"})
	if got := c.routes.Holders("ghost"); len(got) > 0 {
		t.Errorf("ghost is at %q, and the catalog has %v", got, m.catalog.Functions)
	}
	m.state = gossip.Dead
	c.place(m)
	if got := c.routes.Holders("f"); len(got) > 0 {
		t.Errorf("routes to a dead node: %q", got)
	}
}

// TestAwaitGreeted: a link that was accepted as the wait for that ended is not
// given up: calls may be on it.
func TestAwaitGreeted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := &peer{link: new(link.Link), greeted: make(chan struct{})}
	p.welcome()
	for range 100 {
		if err := p.await(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWatcherMerges: what a slow reader gets to know of events that came one after
// the other.
func TestWatcherMerges(t *testing.T) {
	for _, test := range []struct {
		events []gossip.EventKind
		want   MemberEventKind
	}{
		{[]gossip.EventKind{gossip.Joined, gossip.Updated}, MemberJoined},
		{[]gossip.EventKind{gossip.Joined, gossip.Suspected}, MemberJoined},
		{[]gossip.EventKind{gossip.Joined, gossip.Suspected, gossip.Recovered}, MemberJoined},
		{[]gossip.EventKind{gossip.Joined, gossip.Died}, MemberDied},
		{[]gossip.EventKind{gossip.Suspected, gossip.Updated}, MemberSuspected},
		{[]gossip.EventKind{gossip.Suspected, gossip.Recovered}, MemberRecovered},
		{[]gossip.EventKind{gossip.Updated, gossip.Suspected}, MemberSuspected},
		{[]gossip.EventKind{gossip.Died, gossip.Joined}, MemberJoined},
		{[]gossip.EventKind{gossip.Joined, gossip.Departed}, MemberDeparted},
	} {
		c := newTestCluster(t)
		w := c.watch()
		m := c.member("A")
		m.known = true
		for _, kind := range test.events {
			c.publish(kind, m)
		}
		if e, ok := c.nextEvent(w); !ok || e.Kind != test.want {
			t.Errorf("%v: got %q, want %q", test.events, e.Kind, test.want)
		}
	}
}

// TestWatcherForgets: what waits about nodes that are forgotten is forgotten too.
func TestWatcherForgets(t *testing.T) {
	c := newTestCluster(t)
	w := c.watch()
	for _, id := range []string{"A", "B"} {
		m := c.member(id)
		m.known = true
		c.publish(gossip.Died, m)
	}
	c.event(gossip.Event{Kind: gossip.Forgotten, ID: "A"}, new(effects))
	if want := []string{"B"}; !slices.Equal(w.order, want) || len(w.events) != 1 {
		t.Errorf("%q wait, want %q", w.order, want)
	}
}

// TestSharedAddress: an address that two names lead to stays known as long as one
// of them does.
func TestSharedAddress(t *testing.T) {
	const shared = "wss://10.0.0.1:1"
	s := &seeds{
		names: []string{"wss://a:1", "wss://b:1"}, resolved: make(map[string][]string), hosts: make(map[string]string),
		outcomes: make(map[string]seedOutcome), failures: make(map[string]error),
	}
	s.found("wss://a:1", []string{shared}, nil)
	s.found("wss://b:1", []string{shared}, nil)
	s.dialed(shared, "A", nil)
	s.found("wss://b:1", []string{"wss://10.0.0.2:1"}, nil)
	if got := s.hosts[shared]; got != "wss://a:1" || s.outcomes[shared].node != "A" {
		t.Errorf("it is of %q, and led to %q", got, s.outcomes[shared].node)
	}
	s.found("wss://a:1", nil, nil)
	if got, ok := s.hosts[shared]; ok || len(s.outcomes) > 0 {
		t.Errorf("it is of %q, and led to %v", got, s.outcomes)
	}
}

// TestUnusedOfTwoLinks: when the unused link is given up and another is there, gossip
// goes over that one.
func TestUnusedOfTwoLinks(t *testing.T) {
	c := newTestCluster(t)
	c.machine = gossip.New(0, gossip.Config{ID: c.self.id, Rand: rand.New(rand.NewPCG(1, 1))})
	m := c.member("zz")
	first, second := &session{server: c.self, member: m, gossiped: true, number: 1}, &session{server: c.self, member: m, gossiped: true, number: 2}
	for _, s := range []*session{first, second} {
		s.peer = newPeer(s, nil)
	}
	m.sessions = []*session{first, second}
	m.settle(c.self.id)
	m.linked = m.best.Load()
	c.machine.Up(0, m.ID, false)
	c.unused(m.ID, new(effects))
	if m.best.Load() != first || m.linked != first || !second.given {
		t.Errorf("gossip goes over link %d, calls over %d", m.linked.number, m.best.Load().number)
	}
}

// TestJoinedIsAcquainted: a link that others can see can be given up. One that is
// given up before both ends are acquainted would stay for ever.
func TestJoinedIsAcquainted(t *testing.T) {
	c := newTestCluster(t)
	m := c.member("A")
	m.process = 1
	old := &session{server: c.self, member: m}
	m.sessions = []*session{old}
	s := &session{server: c.self, dialed: true}
	s.peer = newPeer(s, nil)
	old.mu.Lock() // join has to end old, and waits
	joined := make(chan *Error)
	go func() { joined <- c.join(s, &wire.Hello{Node: "A", Incarnation: 2}) }()
	for m.best.Load() != s {
		runtime.Gosched()
	}
	c.mu.Lock() // which join has let go
	if !s.peer.acquainted() {
		t.Error("the link is used, and can't be given up")
	}
	c.mu.Unlock()
	old.mu.Unlock()
	if err := <-joined; err != nil {
		t.Error(err)
	}
}
