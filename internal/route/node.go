package route

import "sync/atomic"

// Node is a node, as far as a choice reads it. The zero Node runs nothing and is
// trusted; ID is set once, before a [Table] knows the node.
type Node struct {
	ID       string
	InFlight atomic.Int64 // calls that wait for its answer; of this node, commands that it runs
	Suspect  atomic.Bool  // calls go elsewhere if they can
}
