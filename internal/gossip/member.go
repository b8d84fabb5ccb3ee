package gossip

import (
	"slices"
	"time"

	"github.com/mpreg/mpreg/internal/wire"
)

// State is what a member is held for.
type State uint8

// The states of a member.
const (
	Alive State = iota
	Suspect
	Dead
	Left
)

// String returns the state in lower case.
func (s State) String() string { return name(int(s), "alive", "suspect", "dead", "left") }

// Member is a member as this node knows it. The slices are the machine's own: they
// may be kept, and must not be changed.
type Member struct {
	ID, Name    string
	URLs        []string
	Incarnation int64
	Version     uint64
	State       State
	Since       time.Duration // when it came into the state
	Body        uint64        // the version of the body that was announced
	BodyVersion uint64        // the version of the body that is here; 0: none yet
	Parts       []string      // the body that is here: the first is whole, the others are changes
	Load        uint64        // as it said last; only of who has a link
	Linked      bool
}

// Member returns a member, or false if nothing is known of it.
func (m *Machine) Member(id string) (Member, bool) {
	r := m.view.byID[id]
	if r == nil {
		return Member{}, false
	}
	_, linked := m.links.byID[id]
	state, since := r.state(), r.since
	if state == Suspect {
		since = r.suspicion.first
	}
	return Member{
		ID: r.id, Name: r.name, URLs: r.urls,
		Incarnation: r.stamp.Incarnation, Version: r.stamp.Version,
		State: state, Since: since,
		Body: r.announced, BodyVersion: r.body.version, Parts: slices.Clip(r.body.parts),
		Load: r.load, Linked: linked,
	}, true
}

// Members returns the ids of all members in order, the node's own and those of
// tombstones among them.
func (m *Machine) Members() []string {
	ids := make([]string, len(m.view.sorted))
	for i, r := range m.view.sorted {
		ids[i] = r.id
	}
	return ids
}

// Observers returns the ids of who watches over a node: those who, by this node's
// view, want a link to it.
func (m *Machine) Observers(id string) []string {
	r := m.view.byID[id]
	if r == nil {
		return nil
	}
	var ids []string
	for _, o := range m.view.observers(nil, r) {
		ids = append(ids, o.id)
	}
	slices.Sort(ids)
	return ids
}

func (r *record) state() State {
	switch {
	case r.stamp.State == wire.Dead:
		return Dead
	case r.stamp.State == wire.Left:
		return Left
	case r.suspicion != nil:
		return Suspect
	default:
		return Alive
	}
}
