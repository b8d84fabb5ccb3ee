package mpreg

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mpreg/mpreg/internal/gossip"
	"github.com/mpreg/mpreg/internal/route"
	"github.com/mpreg/mpreg/internal/wire"
)

// Member is a node of the cluster, as the answering node knows it.
type Member struct {
	ID          string      `json:"id"` // a ULID
	Name        string      `json:"name"`
	Incarnation int64       `json:"incarnation"` // grows with each start; Unix time in ms, or more
	State       MemberState `json:"state"`
	Since       time.Time   `json:"since"` // when the answering node learned of the state

	// URLs are where others reach it; none if no other node can dial it.
	URLs []string `json:"urls"`

	// Resources and Functions are what it offers; nothing when it is gone. Version
	// grows with each change of either.
	Resources []string       `json:"resources"`
	Functions []FunctionInfo `json:"functions"`
	Version   uint64         `json:"version"`

	// Load is how many commands ran there a moment ago. It is told on links only:
	// nil for a node that the answering one has no link to.
	Load *uint64 `json:"load,omitempty"`
}

// MemberState is what a node of the cluster is held for.
type MemberState string

// The states of a Member. One that is suspect is avoided, and asked only if
// nobody else can do it; it answers or is dead in some seconds. Those that left
// or died are listed for ten minutes.
const (
	MemberAlive   MemberState = "alive"
	MemberSuspect MemberState = "suspect"
	MemberDead    MemberState = "dead"
	MemberLeft    MemberState = "left" // it drains, or has stopped
)

// member is another node: what the cluster knows of it, and the links to it.
type member struct {
	route.Node         // what a choice reads of it
	run        runFunc // has it run a command

	// Guarded by the cluster's mu.
	name     string
	urls     []string
	state    gossip.State
	known    bool          // gossip has told of it and, unless it is gone, what it offers
	process  int64         // the incarnation in its HELLO: tells its processes apart
	catalog  *wire.Catalog // what it offers; never nil
	routed   bool          // calls find what it offers
	sessions []*session    // the links to it, the one that is used first
	attempt  *attempt      // to dial it; nil if none is under way
	failures int           // of attempts, one after the other
	failure  error         // of the last attempt
	retry    time.Time     // before which no call makes another attempt

	linked *session // the link that gossip goes over, as far as the machine knows; nil if none

	up chan struct{} // closed when there is a best link; nil if nobody waits

	best atomic.Pointer[session] // that calls and gossip go over; nil if there is none
}

// callable reports whether calls may go to m: those to one that is suspect do, if
// it is named or there is nobody else. The cluster's mu is held.
func (m *member) callable() bool {
	return m.known && (m.state == gossip.Alive || m.state == gossip.Suspect)
}

// settle puts the links to m in order and returns those that are to be given
// up. Two nodes that dial each other at once have to come to the same choice:
// the link that the node with the lower id dialed stays. Among links that one
// node dialed that node alone decides, and keeps the first; the other uses the
// newest, because the dialer has lost those before, and follows when it is told.
// A link on which nothing was heard for long takes no part in that, nor one that
// was accepted and on which nothing was gossiped yet: who dialed may have given up.
func (m *member) settle(self string) (given []*session) {
	lower := min(self, m.ID)
	dialer := func(s *session) string {
		if s.dialed {
			return self
		}
		return m.ID
	}
	slices.SortStableFunc(m.sessions, func(a, b *session) int {
		if a.given != b.given {
			return cmp.Compare(toInt(a.given), toInt(b.given)) // there is no way back
		}
		if a.goneAway != b.goneAway {
			return cmp.Compare(toInt(a.goneAway), toInt(b.goneAway))
		}
		if x, y := a.works(), b.works(); x != y {
			return cmp.Compare(toInt(y), toInt(x))
		}
		if da, db := dialer(a), dialer(b); da != db {
			return cmp.Compare(toInt(da != lower), toInt(db != lower))
		}
		if a.dialed {
			return cmp.Compare(a.number, b.number)
		}
		return cmp.Compare(b.number, a.number)
	})
	m.best.Store(nil)
	for i, s := range m.sessions {
		switch best := m.sessions[0]; {
		case s.given:
		case s.goneAway && !s.leaving,
			i > 0 && best.works() && (s.goneAway || s.dialed || dialer(s) != dialer(best) && dialer(best) == lower):
			s.given, s.reason = true, wire.GoawayDuplicate
			if len(m.sessions) == 1 {
				s.reason = wire.GoawayUnused
			}
			given = append(given, s)
		case i == 0 && s.works():
			m.best.Store(s)
			if m.up != nil {
				close(m.up)
				m.up = nil
			}
		}
	}
	return given
}

// works reports whether the other end is surely there. The cluster's mu is held.
func (s *session) works() bool { return !s.silent && (s.dialed || s.gossiped) }

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// byID returns the member with an id, nil if there is none.
func (c *cluster) byID(id string) *member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.members[id]
}

// nodeName returns the name of the node with an id, or the id if it is not known.
func (c *cluster) nodeName(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m := c.members[id]; m != nil && m.name != "" {
		return m.name
	}
	return id
}
