package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// life is the incarnation of the machines and records in these tests.
const life = 1_000_000

// lab is one machine under test, its clock, and all that it asked for so far.
type lab struct {
	id   string
	m    *gossip.Machine
	now  time.Duration
	mute map[string]bool // who says nothing; all other links are heard all the time
	up   []string
	out  gossip.Output
}

func newLab(id string, edit ...func(*gossip.Config)) *lab {
	cfg := gossip.Config{
		ID: id, Name: id, URLs: []string{urlOf(id)}, Incarnation: life, Body: "body of " + id,
		Rand: rand.New(rand.NewPCG(1, 2)),
	}
	for _, e := range edit {
		e(&cfg)
	}
	l := &lab{id: id, m: gossip.New(0, cfg), mute: make(map[string]bool)}
	l.collect()
	return l
}

func urlOf(id string) string { return "ws://" + id }

// recordOf is a record of a live node that can be dialed.
func recordOf(id string, version uint64) wire.Record {
	return wire.Record{
		ID: id, Name: id, URLs: []string{urlOf(id)}, Body: life,
		Stamp: wire.Stamp{Incarnation: life, Version: version},
	}
}

func ids(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("n%03d", i)
	}
	return out
}

func (l *lab) collect() gossip.Output {
	o := l.m.Take()
	l.out.Sends = append(l.out.Sends, o.Sends...)
	l.out.Dials = append(l.out.Dials, o.Dials...)
	l.out.Silent = append(l.out.Silent, o.Silent...)
	l.out.Unused = append(l.out.Unused, o.Unused...)
	l.out.Events = append(l.out.Events, o.Events...)
	l.out.Notes = append(l.out.Notes, o.Notes...)
	return o
}

// advance lets time pass, as a caller does.
func (l *lab) advance(d time.Duration) {
	for end := l.now + d; l.now < end; {
		l.now = min(end, max(l.m.Next(), l.now))
		for _, id := range l.up {
			if !l.mute[id] {
				l.m.Heard(id, l.now)
			}
		}
		l.m.Advance(l.now)
		l.collect()
	}
}

// link brings links up.
func (l *lab) link(peers ...string) {
	for _, id := range peers {
		l.up = append(l.up, id)
		l.m.Up(l.now, id, true)
	}
	l.collect()
}

func (l *lab) drop(id string, loss gossip.Loss) {
	l.up = slices.DeleteFunc(l.up, func(u string) bool { return u == id })
	l.m.Down(l.now, id, loss)
	l.collect()
}

// tell hands the machine a message.
func (l *lab) tell(from string, g *wire.Gossip) {
	l.m.Receive(l.now, from, g)
	l.collect()
}

// meet tells the machine, over a link to the first, of live nodes, and links to all.
func (l *lab) meet(nodes ...string) {
	l.link(nodes[0])
	var g wire.Gossip
	for _, id := range nodes {
		g.Records = append(g.Records, recordOf(id, 1))
	}
	l.tell(nodes[0], &g)
	l.link(nodes[1:]...)
}

func (l *lab) member(id string) gossip.Member {
	m, _ := l.m.Member(id)
	return m
}

func (l *lab) state(id string) gossip.State { return l.member(id).State }

// stamp returns the machine's own stamp.
func (l *lab) stamp() (int64, uint64) {
	m := l.member(l.id)
	return m.Incarnation, m.Version
}

// events returns what was said of a node since the last call, and forgets the rest.
func (l *lab) events(id string) []gossip.EventKind {
	var kinds []gossip.EventKind
	for _, e := range l.out.Events {
		if e.ID == id {
			kinds = append(kinds, e.Kind)
		}
	}
	l.out.Events = nil
	return kinds
}

// answers joins what was sent to a node since it was last asked.
func (l *lab) answers(to string) *wire.Gossip {
	var all wire.Gossip
	sends := l.out.Sends
	l.out.Sends = nil
	for _, s := range sends {
		if s.To != to {
			l.out.Sends = append(l.out.Sends, s)
			continue
		}
		g := s.Gossip
		all.Records = append(all.Records, g.Records...)
		all.Reports = append(all.Reports, g.Reports...)
		all.Pulls = append(all.Pulls, g.Pulls...)
		all.Bodies = append(all.Bodies, g.Bodies...)
		all.Lacking = append(all.Lacking, g.Lacking...)
		all.Wanted = append(all.Wanted, g.Wanted...)
		if g.Digest != nil {
			all.Digest = g.Digest
		}
		if g.Tick != nil {
			all.Tick = g.Tick
		}
	}
	return &all
}

// talk lets machines talk for a while, without any latency: each millisecond all that
// was sent arrives.
func talk(d time.Duration, labs ...*lab) {
	byID := make(map[string]*lab)
	for _, l := range labs {
		byID[l.id] = l
	}
	deliver := func() {
		for moved := true; moved; {
			moved = false
			for _, l := range labs {
				sends := l.out.Sends
				l.out.Sends = nil
				for _, s := range sends {
					if to := byID[s.To]; to != nil {
						to.tell(l.id, s.Gossip)
						moved = true
					}
				}
			}
		}
	}
	for passed := time.Duration(0); passed < d; passed += time.Millisecond {
		deliver()
		for _, l := range labs {
			l.advance(time.Millisecond)
		}
	}
	deliver()
}
