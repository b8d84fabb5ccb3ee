package mpreg

import (
	"context"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/link"
	"github.com/mpreg/mpreg/internal/wire"
)

// The machine of package gossip decides on membership. Here it is joined to the
// links and the clock: whatever happens is given to it under the cluster's mu,
// and what it wants done with links is done after that, without a lock.

// changeDelay is for how long changes of what a node offers are gathered: an
// application that registers a hundred functions in a row tells of them once.
const changeDelay = time.Millisecond

// begin makes the node a member of a cluster of which it knows only its own
// part. Its URLs are settled.
func (c *cluster) begin() {
	s := c.self
	urls := s.advertised()
	catalog := s.offersToTell()
	body, err := wire.AppendCatalog(nil, catalog)
	if err != nil {
		s.log.Error("what the node offers can't be told", "err", err)
		catalog, body = emptyCatalog, emptyBody
	}
	c.mu.Lock()
	c.began = time.Now()
	c.offered, c.dirty = catalog, true // of what was registered meanwhile
	c.machine = gossip.New(0, gossip.Config{
		ID: s.id, Name: s.config.Name, URLs: urls, Incarnation: s.started.UnixMilli(), Body: string(body),
		Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	})
	c.timer = time.AfterFunc(0, c.wake)
	c.mu.Unlock()
}

var (
	emptyCatalog = &wire.Catalog{}
	emptyBody    = func() []byte {
		body, err := wire.AppendCatalog(nil, emptyCatalog)
		if err != nil {
			panic(err) // it has nothing that could be wrong
		}
		return body
	}()
)

// wake is what the timer calls: time has come for something.
func (c *cluster) wake() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.waking.Add(1) // under mu, before closed is set
	judges := c.machine.NextTick() <= time.Since(c.began)
	c.mu.Unlock()
	defer c.waking.Done()
	if judges { // what is merely passed on must not wait
		yield()
	}
	load := c.self.node.InFlight.Load()
	c.step(func(m *gossip.Machine, now time.Duration) {
		for _, peer := range c.members {
			if s := peer.linked; s != nil {
				m.Heard(peer.ID, s.link.LastHeard().Sub(c.began))
			}
		}
		m.SetLoad(uint64(max(load, 0)))
		if c.dirty {
			c.tell(m, now)
		}
		m.Advance(now)
	})
}

// yield lets everything run that waits for its turn. A timer's function runs before
// that, so that in a process with more to do than it has cores for it is on time
// where readers are seconds late: the machine would take those for silent whom the
// process itself has not listened to. Behind two or three yields it is as late as they
// are, notices, and doubts itself.
func yield() {
	for range 3 {
		runtime.Gosched()
	}
}

// step gives the machine an event, and does what follows from it.
func (c *cluster) step(event func(m *gossip.Machine, now time.Duration)) {
	c.mu.Lock()
	t := c.advance(event)
	c.mu.Unlock()
	c.carryOut(t)
}

// effects are what follows from a step of the machine and has to wait until mu is
// free: it may take other locks, write to sockets, or to a log.
type effects struct {
	sends []gossipTo
	dials []gossip.Dial
	given []*session // links to be given up
	ended []*session // links to be ended at once
	died  []string   // ids of nodes
	lines []func()   // of the log
}

// add appends what follows from another step.
func (t *effects) add(more effects) {
	t.sends = append(t.sends, more.sends...)
	t.dials = append(t.dials, more.dials...)
	t.given = append(t.given, more.given...)
	t.ended = append(t.ended, more.ended...)
	t.died = append(t.died, more.died...)
	t.lines = append(t.lines, more.lines...)
}

type gossipTo struct {
	session *session
	gossip  *wire.Gossip
}

// advance is step without what follows. mu is held.
func (c *cluster) advance(event func(m *gossip.Machine, now time.Duration)) (t effects) {
	if c.machine == nil {
		return t
	}
	now := time.Since(c.began)
	event(c.machine, now)
	out := c.machine.Take()
	for _, e := range out.Events {
		c.event(e, &t)
	}
	for _, n := range out.Notes {
		c.note(n)
	}
	for _, id := range out.Silent {
		c.silence(id, &t)
	}
	for _, id := range out.Unused {
		c.unused(id, &t)
	}
	for _, send := range out.Sends {
		if m := c.members[send.To]; m != nil {
			if s := m.linked; s != nil {
				t.sends = append(t.sends, gossipTo{s, send.Gossip})
			}
		}
	}
	t.dials = out.Dials
	t.lines, c.lines = c.lines, nil
	c.schedule()
	return t
}

// schedule sets the timer to when the machine, or a change to be told, is due.
// mu is held.
func (c *cluster) schedule() {
	wait := c.machine.Next() - time.Since(c.began)
	if c.dirty {
		wait = min(wait, changeDelay)
	}
	c.timer.Reset(max(wait, 0))
}

// carryOut does what is to be done. mu is not held.
func (c *cluster) carryOut(t effects) {
	for _, send := range t.sends {
		send.session.tell(send.gossip)
	}
	for _, d := range t.dials {
		c.dial(d)
	}
	for _, s := range t.ended {
		s.abort(errNodeDied)
	}
	for _, id := range t.died {
		c.self.forgive(id)
	}
	retire(t.given)
	for _, line := range t.lines {
		line()
	}
}

// maxBulkyGossip bounds the gossip on one link that waits for room: catalogs of
// thousands of functions. What is beyond it is dropped, and asked for again.
const maxBulkyGossip = 16

// tell sends gossip. What is small goes before all that is large, and must find
// room at once; what is large waits for room in a goroutine.
func (s *session) tell(g *wire.Gossip) {
	f := s.peer.newFrame()
	if err := f.Gossip(g); err != nil {
		s.log.Error("gossip can't be written", "err", err)
		s.peer.frames.Put(f)
		return
	}
	if f.Size() <= link.LargeMessage {
		s.peer.tryFrame(f)
		s.peer.frames.Put(f)
		return
	}
	if s.bulky.Add(1) > maxBulkyGossip {
		s.bulky.Add(-1)
		return
	}
	c := &s.server.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.running.Go(func() {
		defer s.bulky.Add(-1)
		_ = s.peer.write(context.Background(), f, nil) // an ended link is seen by its reader
	})
}

// gossip implements owner.
func (s *session) gossip(g *wire.Gossip) {
	c := &s.server.cluster
	c.mu.Lock()
	if s.member == nil { // this end has yet to join
		if len(s.early) < maxEarly && s.peer.said.Node != "" {
			s.early = append(s.early, g)
		}
		c.mu.Unlock()
		return
	}
	var t effects
	if !s.left { // on one that is given up comes what was on its way
		if !s.gossiped {
			s.gossiped = true
			given := s.member.settle(c.self.id)
			t = c.relink(s.member, gossip.Lost)
			t.given = append(t.given, given...)
		}
		t.add(c.advance(func(m *gossip.Machine, now time.Duration) {
			m.Heard(s.member.ID, now)
			m.Receive(now, s.member.ID, g)
		}))
	}
	c.mu.Unlock()
	c.carryOut(t)
}

// maxEarly bounds what is kept of the gossip that comes before this end has
// joined: what one round trip can bring.
const maxEarly = 8

// silence gives up hope, for the time being, in links on which nothing is heard.
// They stay open: what comes on them later revives them, and calls that wait on
// them go on waiting, until the node is found dead. mu is held.
func (c *cluster) silence(id string, t *effects) {
	m := c.members[id]
	if m == nil {
		return
	}
	m.linked = nil
	for _, s := range m.sessions {
		s.silent = true
		s.peer.silent.Store(true)
	}
	t.given = append(t.given, m.settle(c.self.id)...)
	if m.state == gossip.Dead {
		t.ended = append(t.ended, m.sessions...)
	}
}

// spoke implements owner: something was heard on a link that had been silent.
func (s *session) spoke() {
	c := &s.server.cluster
	c.mu.Lock()
	var t effects
	if m := s.member; m != nil && !s.left && s.silent {
		s.silent = false
		given := m.settle(c.self.id)
		t = c.relink(m, gossip.Lost)
		t.given = append(t.given, given...)
	}
	c.mu.Unlock()
	c.carryOut(t)
}

// unused gives up a link that neither end needs for gossip, if no call needed it
// since it was last looked at. mu is held.
func (c *cluster) unused(id string, t *effects) {
	m := c.members[id]
	if m == nil {
		return
	}
	s := m.best.Load()
	if s == nil {
		return
	}
	if used := s.used.Load(); used != s.usedThen || s.pendingCalls() > 0 {
		s.usedThen, s.idleSince = used, time.Now()
		return
	}
	if time.Since(s.idleSince) < idleLink {
		return
	}
	s.given, s.reason = true, wire.GoawayUnused
	t.given = append(append(t.given, s), m.settle(c.self.id)...)
	now := time.Since(c.began)
	switch other := m.best.Load(); other {
	case m.linked:
	case nil:
		m.linked = nil
		c.machine.Down(now, id, gossip.Closed)
	default:
		m.linked = other
		c.machine.Up(now, id, other.dialed)
	}
}

// idleLink is for how long a link has to be idle before it is closed that only
// calls had use for.
const idleLink = time.Minute

// leaveCluster says goodbye to the others, who send no calls any more.
func (c *cluster) leaveCluster() {
	c.step(func(m *gossip.Machine, now time.Duration) {
		if c.dirty {
			c.tell(m, now)
		}
		m.Leave(now)
	})
}

// close ends all that the cluster has started; no session joins any more.
func (c *cluster) close() {
	c.mu.Lock()
	c.closed = true
	c.machine = nil
	if c.timer != nil {
		c.timer.Stop()
	}
	c.closeWatchers()
	c.mu.Unlock()
	c.waking.Wait()
	c.running.Wait()
}
