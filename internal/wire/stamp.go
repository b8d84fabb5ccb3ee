package wire

import (
	"cmp"
	"fmt"
)

// State is what a node is held for. Of one life and version the larger state is
// the later one: a node that died can only come back with a larger version.
type State uint8

// The states. Only the node itself says that it is alive or that it has left.
const (
	Alive State = 0
	Dead  State = 1
	Left  State = 2
)

// String returns "alive", "dead" or "left", or the number of a state that does
// not exist.
func (s State) String() string {
	names := [...]string{"alive", "dead", "left"}
	if int(s) >= len(names) {
		return fmt.Sprintf("state %d", uint8(s))
	}
	return names[s]
}

// Bounds of the numbers of a stamp and of the versions of bodies. They leave
// room to count on from: who sees the largest can still answer with a larger
// one.
const (
	MaxIncarnation = 1 << 52
	MaxVersion     = 1 << 48
	MaxBody        = 1 << 52
)

// Stamp orders what is known of a node: the larger stamp is the later one, and
// wins wherever two meet. The zero value says that nothing is known, and is
// smaller than any that was sent.
type Stamp struct {
	Incarnation int64  // a life of the node, from 1 to MaxIncarnation: milliseconds of Unix time at its start, or more
	Version     uint64 // counts what it said of itself in this life, from 1 to MaxVersion
	State       State
}

// Compare returns -1, 0 or 1 as s is before o, equal to it or after it.
func (s Stamp) Compare(o Stamp) int {
	if c := cmp.Compare(s.Incarnation, o.Incarnation); c != 0 {
		return c
	}
	if c := cmp.Compare(s.Version, o.Version); c != 0 {
		return c
	}
	return cmp.Compare(s.State, o.State)
}

// IsZero reports whether nothing is known.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// Live reports whether the node is said to be alive, which is not so of the
// zero value.
func (s Stamp) Live() bool { return !s.IsZero() && s.State == Alive }

// String returns the stamp for logs, as in "1790000000000.3 alive".
func (s Stamp) String() string {
	return fmt.Sprintf("%d.%d %v", s.Incarnation, s.Version, s.State)
}
