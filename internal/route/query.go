package route

// Query is what a call looks for.
type Query struct {
	Function string
	Locs     []string // a place must have them all
	From     string   // id of the node that passed the call on, which does not get it back; empty if none did
	Hops     int      // how often it was passed on: who did has chosen this node
	Here     bool     // no other node will do

	Prefer []Holding // who holds inputs of the call, the most bytes first
}

// Holding is how many bytes of a call's inputs a node holds.
type Holding struct {
	Node  string // its id
	Bytes int64
}

// MaxHops bounds how often a call is passed on by nodes that do not have its
// function: their tables may disagree for a moment, but not for long.
const MaxHops = 5
