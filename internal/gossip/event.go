package gossip

// Event tells of a change of the view. There are none of the node itself.
type Event struct {
	Kind EventKind
	ID   string

	// BodyChanged says, with Updated, that the body is another than before, or is
	// there for the first time. That of who joined comes a moment later.
	BodyChanged bool

	// Deltas are the changes that led from the former body to the present one,
	// oldest first, if that is how it changed; else nil: look at all of it.
	Deltas []string
}

// EventKind is what happened.
type EventKind uint8

// The kinds of events.
const (
	Joined    EventKind = iota // it was unknown, dead or had left, and is alive
	Updated                    // name, URLs, incarnation or body are others
	Suspected                  // somebody can't reach it: routes should avoid it
	Recovered                  // it is no longer suspected, and alive
	Departed                   // it said that it leaves: its state is Left
	Died                       // it is held for dead
	Forgotten                  // its tombstone expired, or nothing is known of it any more
)

// String returns the kind in lower case.
func (k EventKind) String() string {
	return name(int(k), "joined", "updated", "suspected", "recovered", "departed", "died", "forgotten")
}
