package main

import (
	"context"

	"github.com/mpreg/mpreg"
)

// watchHelpers is how many goroutines watch needs for a node.
const watchHelpers = 1

// watch writes what a node learns of the others on the board, until ctx ends. Who is
// suspected is a member still, as it is with memberlist.
func watch(ctx context.Context, s *mpreg.Server, viewer int, b *board) {
	for e := range s.Watch(ctx) {
		node, err := nodeNumber(e.Member.Name)
		if err != nil {
			continue
		}
		switch e.Member.State {
		case mpreg.MemberAlive, mpreg.MemberSuspect:
			b.knows(viewer, node, uint64(len(e.Member.Functions)))
			b.alive(viewer, node)
		default:
			b.gone(viewer, node)
		}
	}
}

// version returns the version of a node's own catalog: the number of its functions.
// That others know so many shows that they have them, which a number that is told
// would not.
func version(s *mpreg.Server) uint64 { return uint64(len(s.Functions())) }
