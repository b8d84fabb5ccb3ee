package mpregtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mpreg/mpreg"
)

const (
	// patience is how long nodes have to do what they must. It is for a machine
	// that has much else to do: who waits for less of it fails on such a one.
	patience = time.Minute

	// Between two looks at the nodes the pause grows, from what a small cluster in
	// memory needs to what costs little in a large one.
	firstPause, lastPause = time.Millisecond, 50 * time.Millisecond

	// mostDoubts bounds what a failure tells: of 50 nodes, any two may disagree.
	mostDoubts = 20
)

// Wait waits until each node that runs knows all others that run and what they
// offer, functions and resources, and takes none for alive that was stopped or
// killed; and until nodes and clients have noticed which connections were lost.
// That is what a test has to wait for after a Kill, a Restart, a Register or a
// SetResources, before it can count on the change everywhere. A client then still
// has to connect anew, as its Ready method waits for.
//
// The test fails at once if that takes more than a minute, and says who does not
// know whom.
func (c *Cluster) Wait() {
	c.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		doubts := c.doubts()
		if len(doubts) == 0 {
			return
		}
		select {
		case <-time.After(pause):
		case <-timeout.C:
			slices.Sort(doubts)
			if more := len(doubts) - mostDoubts; more > 0 {
				doubts = append(doubts[:mostDoubts], fmt.Sprintf("and %d more", more))
			}
			c.t.Fatalf("mpregtest: after %v the nodes don't agree on who is there:\n  %s", patience, strings.Join(doubts, "\n  "))
		}
	}
}

// doubts says where what nodes know of each other is not what is.
func (c *Cluster) doubts() []string {
	gone := c.former()
	doubts := unnoticed(c.clients)
	var views []view
	for _, node := range c.nodes {
		p, running := node.current()
		if !running {
			continue
		}
		// Looked at first: before all losses are noticed, what came in on such a
		// connection can bring back a node that the view lacks already.
		doubts = append(doubts, unnoticed(p.host)...)
		select {
		case <-p.done:
			doubts = append(doubts, fmt.Sprintf("%s does not serve any more: %v", node.host, p.err))
		default:
			views = append(views, newView(node.host, p.server))
		}
	}
	for _, v := range views {
		for _, other := range views {
			if doubt := v.doubt(other); doubt != "" {
				doubts = append(doubts, doubt)
			}
		}
		for id := range v.members {
			if name, ok := gone[id]; ok {
				doubts = append(doubts, fmt.Sprintf("%s still takes for alive the %s that was stopped or killed", v.name, name))
			}
		}
	}
	return doubts
}

// unnoticed says which connections of a host are lost and still in use.
func unnoticed(h *host) (doubts []string) {
	for _, conn := range h.open() {
		if conn.lost() {
			doubts = append(doubts, fmt.Sprintf("%s has not noticed that its connection to %s was lost", h.name, conn.remote))
		}
	}
	return doubts
}

// former returns the ids of servers that run no more, and the nodes that they
// were. What ends later is not in it.
func (c *Cluster) former() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.gone)
}

// view is what a node knows of the nodes that are alive.
type view struct {
	name    string
	id      string
	members map[string]string // what they offer, by their ids
}

func newView(name string, s *mpreg.Server) view {
	v := view{name: name, id: s.ID(), members: make(map[string]string)}
	for _, m := range s.Members() {
		if m.State == "alive" {
			v.members[m.ID] = offer(m)
		}
	}
	return v
}

// doubt says what a node has to learn of another one yet, if anything.
func (v view) doubt(other view) string {
	known, ok := v.members[other.id]
	switch {
	case !ok:
		return fmt.Sprintf("%s does not know %s", v.name, other.name)
	case known != other.members[other.id]:
		return fmt.Sprintf("%s does not know what %s offers: it has\n    %s\n  and offers\n    %s",
			v.name, other.name, known, other.members[other.id])
	}
	return ""
}

// offer says what a member offers, so that it can be compared, and read in a
// failure.
func offer(m mpreg.Member) string {
	functions := make([]string, len(m.Functions))
	for i, f := range m.Functions {
		functions[i] = f.Name + fmt.Sprintf("%q", slices.Sorted(slices.Values(f.Locs)))
	}
	slices.Sort(functions)
	return fmt.Sprintf("resources %q, functions %s", slices.Sorted(slices.Values(m.Resources)), strings.Join(functions, " "))
}
