package mpreg

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/mpreg/mpreg/internal/wire"
)

// Member is a node of the cluster, as the answering node knows it.
type Member struct {
	ID          string         `json:"id"` // a ULID
	Name        string         `json:"name"`
	Incarnation int64          `json:"incarnation"` // grows with each start; Unix time in ms
	State       string         `json:"state"`       // "alive", or "left" while it drains
	URLs        []string       `json:"urls"`
	Resources   []string       `json:"resources"`
	Functions   []FunctionInfo `json:"functions"`
}

// The states of a Member.
const (
	memberAlive = "alive"
	memberLeft  = "left"
)

// member is another node: what it said about itself, and the links to it.
type member struct {
	id, name    string
	incarnation int64
	urls        []string
	gone        chan struct{} // closed when there is no link to it any more

	// Guarded by the cluster's mu.
	catalog  *wire.Catalog
	told     bool       // catalog is what it said, and not just empty
	leaving  bool       // it takes no calls any more
	sessions []*session // the links to it, the one that is used first

	latencies map[string]*latency // by function; guarded by the routes' mu

	best     atomic.Pointer[session] // sessions[0]; nil if there is none
	inFlight atomic.Int64            // calls that wait for its answer
}

// latency returns what is known of a function's calls here. It is kept while the
// member offers the function, and forgotten some time after.
func (m *member) latency(function string) *latency {
	l := m.latencies[function]
	if l == nil {
		if m.latencies == nil {
			m.latencies = make(map[string]*latency)
		}
		l = new(latency)
		m.latencies[function] = l
	}
	return l
}

// member returns what others get to know of m.
func (m *member) member() Member {
	out := Member{
		ID: m.id, Name: m.name, Incarnation: m.incarnation, State: memberAlive,
		URLs: slices.Clone(m.urls), Resources: slices.Clone(m.catalog.Resources),
		Functions: make([]FunctionInfo, len(m.catalog.Functions)),
	}
	if m.leaving {
		out.State = memberLeft
	}
	for i, o := range m.catalog.Functions {
		out.Functions[i] = FunctionInfo{Name: o.Name, Locs: append([]string{}, o.Locs...), Signature: o.Signature, Doc: o.Doc}
	}
	return out
}

// settle puts the links to m in order and returns those that are to be given
// up. Two nodes that name each other dial each other, and both have to come to
// the same choice: the link that the node with the lower id dialed stays. Among
// links that one node dialed that node alone decides, and keeps the first; the
// other uses the newest, because the dialer has lost those before, and follows
// when it is told.
func (m *member) settle(self string) (given []*session) {
	lower := min(self, m.id)
	dialer := func(s *session) string {
		if s.dialed {
			return self
		}
		return m.id
	}
	slices.SortStableFunc(m.sessions, func(a, b *session) int {
		if a.given != b.given {
			return cmp.Compare(toInt(a.given), toInt(b.given)) // there is no way back
		}
		if a.goneAway != b.goneAway {
			return cmp.Compare(toInt(a.goneAway), toInt(b.goneAway))
		}
		if da, db := dialer(a), dialer(b); da != db {
			return cmp.Compare(toInt(da != lower), toInt(db != lower))
		}
		if a.dialed {
			return cmp.Compare(a.number, b.number)
		}
		return cmp.Compare(b.number, a.number)
	})
	if len(m.sessions) == 0 {
		m.best.Store(nil)
		return nil
	}
	best := m.sessions[0]
	m.best.Store(best)
	for _, s := range m.sessions[1:] {
		if s.goneAway || s.dialed || dialer(s) != dialer(best) && dialer(best) == lower {
			s.given = true
			given = append(given, s)
		}
	}
	return given
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
