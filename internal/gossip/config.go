package gossip

import "math/rand/v2"

// Config says who the node is. ID, Incarnation and Rand are needed.
type Config struct {
	ID, Name string
	URLs     []string // where the node can be dialed; none if it can't be

	// Incarnation is the number of this life: the larger of the Unix time in
	// milliseconds and one more than that of the last life that is known of. A
	// clock that went back is made good: who meets its own former life goes above.
	// Only two lives with the same number can't be told apart.
	Incarnation int64

	Seeds []string // URLs at which other nodes may be found
	Body  string   // what the node offers, encoded; opaque here

	// Rand is what all chance comes from: the same calls and the same numbers
	// give the same output.
	Rand *rand.Rand

	Timing Timing

	// MaxMembers bounds the records, those of the dead and the departed among
	// them. What is told of further nodes is ignored and counted. 0 means 16,384.
	MaxMembers int
}

// defaultMaxMembers times some 300 bytes, bodies aside, is 5 MiB.
const defaultMaxMembers = 16_384
