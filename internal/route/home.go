package route

// Home is the node that a table belongs to: it is a place, too, but what it offers
// is asked for and not listed.
type Home[R any] struct {
	Node *Node

	// Offer returns what the node itself offers that has all of some locs. It must
	// not call the table.
	Offer func(function string, locs []string) Own[R]

	// Clock returns the nanoseconds since some moment, never 0. It is read only where a
	// place is ejected: a clock costs as much as a choice.
	Clock func() int64
}

// Own is what this node itself has for a query. The zero Own is nothing.
type Own[R any] struct {
	Place      *Place[R] // at [Home.Node]; nil if it offers nothing that fits
	Locs       []string  // that the offer was registered with
	Everywhere bool      // every node has the function, and tables don't list it
}
