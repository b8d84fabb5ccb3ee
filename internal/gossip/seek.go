package gossip

import (
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// seed is a URL at which there may be nodes that this node does not know.
type seed struct {
	url    string
	node   string // who answered there last
	self   bool   // this node itself did
	target target
}

// SetSeeds says at which URLs other nodes may be found, from now on.
func (m *Machine) SetSeeds(now time.Duration, urls []string) {
	m.enter(now)
	m.setSeeds(urls)
	m.seekAt = m.now
}

func (m *Machine) setSeeds(urls []string) {
	before := m.seeds
	m.seeds = nil
	for _, u := range urls {
		same := func(s *seed) bool { return s.url == u }
		if slices.ContainsFunc(m.seeds, same) {
			continue
		}
		if i := slices.IndexFunc(before, same); i >= 0 {
			m.seeds = append(m.seeds, before[i])
		} else {
			m.seeds = append(m.seeds, &seed{url: u})
		}
	}
}

func (m *Machine) seedDone(url string, res DialResult) {
	i := slices.IndexFunc(m.seeds, func(s *seed) bool { return s.url == url })
	if i < 0 {
		return
	}
	s := m.seeds[i]
	s.target.busy = false
	if res.Outcome == Linked || res.Outcome == Other {
		s.node = res.Node
	}
	s.self = res.Outcome == Self
	m.failed(&s.target)
	if res.Outcome == Linked {
		s.target.failures = 0
	}
	m.seekSoon()
}

// unexplored reports whether a seed may lead to nodes that are not known: not if it
// leads to this node or to one that is live. To who has no link that says little.
func (m *Machine) unexplored(s *seed) bool {
	switch {
	case s.self || slices.Contains(m.self.urls, s.url):
		return false
	case len(m.links.sorted) == 0:
		return true
	case m.view.urls[s.url] > 0:
		return false
	case s.node == "":
		return true
	}
	r := m.view.byID[s.node]
	return (r == nil || !r.live()) && m.links.get(s.node) == nil
}

// eager reports whether seeds are dialed as soon as they may: in a small cluster, and
// by who is alone. In a large one that would be a burden on the seeds.
func (m *Machine) eager() bool { return len(m.links.sorted) == 0 || m.view.live <= meshMax }

// seek dials the seeds whose time has come, and sets the time of the next.
func (m *Machine) seek() {
	m.seekAt = never
	if !m.eager() || m.leaving() {
		return
	}
	for _, s := range m.seeds {
		if m.unexplored(s) {
			m.dialSeed(s)
		}
	}
	m.seekSoon()
}

// seekSoon sets the time of the next dial of a seed.
func (m *Machine) seekSoon() {
	if !m.eager() || m.leaving() {
		return
	}
	for _, s := range m.seeds {
		if !s.target.busy && m.unexplored(s) {
			m.seekAt = min(m.seekAt, max(s.target.next, m.now))
		}
	}
}

func (m *Machine) dialSeed(s *seed) {
	if s.target.busy || m.now < s.target.next {
		return
	}
	s.target.busy = true
	m.out.Dials = append(m.out.Dials, Dial{Seed: s.url, URLs: []string{s.url}})
}

// seekOthers looks for nodes that are lost, once a tick. The departed are not sought.
func (m *Machine) seekOthers() {
	if m.leaving() {
		return
	}
	m.seek() // a cluster that shrank, or a link that was lost, made it eager
	m.seekAgain()
	var dead []*record
	for _, r := range m.view.sorted {
		if r.stamp.State == wire.Dead && r.dialable() && !m.view.moved(r) {
			dead = append(dead, r)
		}
	}
	if len(m.links.sorted) == 0 {
		m.seekAnybody(dead)
		return
	}
	var seeds []*seed
	if !m.eager() {
		for _, s := range m.seeds {
			if m.unexplored(s) {
				seeds = append(seeds, s)
			}
		}
	}
	d := len(dead) + len(seeds)
	if d == 0 || m.rand.Float64() >= seekChance(d, m.view.live) {
		return
	}
	if i := m.rand.IntN(d); i < len(dead) {
		m.dial(dead[i], false)
	} else {
		m.dialSeed(seeds[i-len(dead)])
	}
}

// seekAgain dials, once in a while, a seed that led to this node or to one that is
// known. Unless it is the address of such a node, it may lead to another next time: a
// name with several addresses, or a balancer with half of a cluster on either side.
func (m *Machine) seekAgain() {
	var known []*seed
	for _, s := range m.seeds {
		if !m.unexplored(s) && m.view.urls[s.url] == 0 {
			known = append(known, s)
		}
	}
	chance := 1 / float64(15*m.view.live) // about one in 15 s in the whole cluster
	if len(m.links.sorted) == 0 {
		chance = 0.1
	}
	if len(known) > 0 && m.rand.Float64() < chance {
		m.dialSeed(known[m.rand.IntN(len(known))])
	}
}

// seekChance is the probability that a node with a link dials one of d lost ones in a
// tick: together the cluster of n makes about one attempt, and some more if there are
// many to find.
func seekChance(d, n int) float64 {
	return min(0.2, (1+float64(d)/10)/float64(n))
}

// seekAnybody is for who has no link: one of the dead, and about three of the living.
func (m *Machine) seekAnybody(dead []*record) {
	if len(dead) > 0 {
		m.dial(dead[m.rand.IntN(len(dead))], false)
	}
	for _, r := range m.view.sorted {
		if r != m.self && r.live() && m.rand.IntN(max(1, m.view.live/3)) == 0 {
			m.dial(r, false)
		}
	}
}
