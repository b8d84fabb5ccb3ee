package mpreg

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/wire"
)

// list lists the nodes of the cluster, this one first.
func (c *cluster) list() []Member {
	s := c.self
	own := Member{
		ID: s.ID(), Name: s.Name(), Incarnation: s.started.UnixMilli(), State: MemberAlive, Since: s.started,
		URLs: s.advertised(), Resources: slices.Clone(s.Resources()), Functions: s.Functions(),
	}
	if s.draining() {
		own.State = MemberLeft
	}
	load := uint64(max(s.node.InFlight.Load(), 0))
	own.Load = &load
	list := []Member{own}
	c.mu.Lock()
	if c.machine != nil {
		if now, ok := c.machine.Member(s.ID()); ok {
			list[0].Version, list[0].Incarnation = now.Body, now.Incarnation
		}
	}
	for _, m := range c.members {
		if m.known {
			list = append(list, c.describe(m))
		}
	}
	c.mu.Unlock()
	slices.SortFunc(list[1:], func(a, b Member) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return list
}

// describe returns what others get to know of m. mu is held.
func (c *cluster) describe(m *member) Member {
	out := Member{
		ID: m.ID, Name: m.name, State: memberState(m.state),
		URLs: append([]string{}, m.urls...), Resources: append([]string{}, m.catalog.Resources...),
		Functions: functionInfos(m.catalog),
	}
	if c.machine == nil {
		return out
	}
	if now, ok := c.machine.Member(m.ID); ok {
		out.Incarnation, out.Version = now.Incarnation, now.BodyVersion
		out.Since = c.began.Add(now.Since)
		if now.Linked {
			out.Load = &now.Load
		}
	}
	return out
}

func memberState(s gossip.State) MemberState {
	switch s {
	case gossip.Alive:
		return MemberAlive
	case gossip.Suspect:
		return MemberSuspect
	case gossip.Left:
		return MemberLeft
	default:
		return MemberDead
	}
}

func functionInfos(c *wire.Catalog) []FunctionInfo {
	list := make([]FunctionInfo, len(c.Functions))
	for i, o := range c.Functions {
		list[i] = FunctionInfo{Name: o.Name, Locs: append([]string{}, o.Locs...), Signature: o.Signature, Doc: o.Doc}
	}
	return list
}

// providers lists the nodes that offer a function with all locs and can be asked,
// by name.
func (c *cluster) providers(function string, locs []string) []Provider {
	s := c.self
	list := []Provider{}
	if c.own(function, locs).Place != nil && !s.draining() {
		list = append(list, Provider{ID: s.ID(), Name: s.Name()})
	}
	every := s.builtins.has(function)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		if m.callable() && m.offers(function, locs, every) {
			list = append(list, Provider{ID: m.ID, Name: m.name})
		}
	}
	slices.SortFunc(list, func(a, b Provider) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return list
}

// offers reports whether a node offers a function with all locs; every node has
// those that are built in. The cluster's mu is held.
func (m *member) offers(function string, locs []string, builtin bool) bool {
	has := func(own []string) bool {
		return !slices.ContainsFunc(locs, func(loc string) bool {
			return !slices.Contains(own, loc) && !slices.Contains(m.catalog.Resources, loc)
		})
	}
	return builtin && has(nil) || slices.ContainsFunc(m.catalog.Functions, func(o wire.Offer) bool {
		return o.Name == function && has(o.Locs)
	})
}

// functions lists what the nodes of the cluster offer that can be asked, each
// offer once, by name and locs.
func (c *cluster) functions() []FunctionInfo {
	list := c.self.Functions()
	c.mu.Lock()
	for _, m := range c.members {
		list = append(list, functionInfos(m.catalog)...)
	}
	c.mu.Unlock()
	slices.SortStableFunc(list, func(a, b FunctionInfo) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(len(a.Locs), len(b.Locs)), slices.Compare(a.Locs, b.Locs))
	})
	return slices.CompactFunc(list, func(a, b FunctionInfo) bool {
		return a.Name == b.Name && slices.Equal(a.Locs, b.Locs)
	})
}

// count counts the nodes of the cluster by their states, this one too.
func (c *cluster) count() MemberCounts {
	n := MemberCounts{Alive: 1}
	if c.self.draining() {
		n = MemberCounts{Left: 1}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.members {
		switch {
		case !m.known:
		case m.state == gossip.Alive:
			n.Alive++
		case m.state == gossip.Suspect:
			n.Suspect++
		case m.state == gossip.Left:
			n.Left++
		default:
			n.Dead++
		}
	}
	return n
}

// MemberCounts says how many nodes of the cluster are in which state.
type MemberCounts struct {
	Alive   int `json:"alive"`
	Suspect int `json:"suspect"`
	Dead    int `json:"dead"`
	Left    int `json:"left"`
}

// Seed is one of a node's configured peers, as mpreg.status lists it.
type Seed struct {
	URL   string `json:"url"`
	Node  string `json:"node,omitempty"`  // the id of the node that it led to last
	Error string `json:"error,omitempty"` // why the last attempt failed; empty if it did not
}
