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

// WaitConverged waits until each node that runs knows exactly which others do, of
// those that it reaches, itself or through others, and what they offer, functions
// and resources: nodes take none for alive that was stopped or killed, is frozen, or
// is in another part of a network that is divided. Nor do they merely suspect any to
// be gone, but for a node that is left alone: it can't tell. It waits until nodes and clients
// have noticed which connections were lost, too. What a frozen node knows does not
// count.
//
// That is what a test has to wait for after a Kill, a Restart, a Partition, a
// Register or a SetResources, before it can count on the change everywhere. A client
// then still has to connect anew, as its Ready method waits for.
//
// The test fails at once if that takes more than a minute, and says who does not
// know whom.
func (c *Cluster) WaitConverged() {
	c.t.Helper()
	timeout, stop := after(patience)
	defer stop()
	agreed := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		doubts := c.doubts()
		switch {
		case len(doubts) > 0:
			agreed = false
		case agreed:
			return
		default:
			// Nodes may agree on what was so before a Heal or a Thaw and have news
			// to read that were held: in a bubble they are read when time goes on.
			agreed, pause = true, firstPause
		}
		paused, _ := after(pause)
		select {
		case <-paused:
		case <-timeout:
			if agreed {
				return
			}
			slices.Sort(doubts)
			if more := len(doubts) - mostDoubts; more > 0 {
				doubts = append(doubts[:mostDoubts], fmt.Sprintf("and %d more", more))
			}
			c.t.Fatalf("mpregtest: after %v the nodes don't agree on who is there:\n  %s", patience, strings.Join(doubts, "\n  "))
		}
	}
}

// after returns what is closed when d has passed. The channels of time's own timers
// are not for bubbles: the race detector crashes where two goroutines of one look at
// such channels at once (golang/go#78156).
func after(d time.Duration) (passed <-chan struct{}, stop func() bool) {
	c := make(chan struct{})
	return c, time.AfterFunc(d, func() { close(c) }).Stop
}

// doubts says where what nodes know of each other is not what is.
func (c *Cluster) doubts() []string {
	gone := c.former()
	doubts := unnoticed(c.clients)
	var views []view
	var hosts []*host
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
			views, hosts = append(views, newView(node.host, p.server)), append(hosts, p.host)
		}
	}
	for i, part := range c.network.parts(hosts) {
		views[i].part = part
	}
	for _, v := range views {
		if v.part != noPart {
			doubts = append(doubts, v.doubts(views, gone)...)
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
	part    int               // of the network, or noPart
	members map[string]string // what they offer, by their ids
	suspect []string          // names of those that it is in two minds about
}

func newView(name string, s *mpreg.Server) view {
	v := view{name: name, id: s.ID(), members: make(map[string]string)}
	for _, m := range s.Members() {
		switch m.State {
		case mpreg.MemberAlive:
			v.members[m.ID] = offer(m)
		case mpreg.MemberSuspect:
			v.suspect = append(v.suspect, m.Name)
		}
	}
	return v
}

// doubts says what a node has to learn of the others yet; gone are the names of
// those that run no more, by their ids.
func (v view) doubts(others []view, gone map[string]string) (doubts []string) {
	alone := true
	for _, other := range others {
		if doubt := v.doubt(other); doubt != "" {
			doubts = append(doubts, doubt)
		}
		alone = alone && (other.id == v.id || other.part != v.part)
	}
	if !alone { // who is can't tell whether it is the others that are gone
		for _, name := range v.suspect {
			doubts = append(doubts, fmt.Sprintf("%s does not know yet whether %s is gone", v.name, name))
		}
	}
	for id := range v.members {
		if name, ok := gone[id]; ok {
			doubts = append(doubts, fmt.Sprintf("%s still takes for alive the %s that was stopped or killed", v.name, name))
		}
	}
	return doubts
}

// doubt says what a node has to learn of another one yet, if anything.
func (v view) doubt(other view) string {
	known, ok := v.members[other.id]
	switch {
	case v.part == other.part && !ok:
		return fmt.Sprintf("%s does not know %s", v.name, other.name)
	case v.part == other.part && known != other.members[other.id]:
		return fmt.Sprintf("%s does not know what %s offers: it has\n    %s\n  and offers\n    %s",
			v.name, other.name, known, other.members[other.id])
	case v.part == other.part || !ok:
		return ""
	case other.part == noPart:
		return fmt.Sprintf("%s still takes for alive %s, which is frozen", v.name, other.name)
	}
	return fmt.Sprintf("%s still takes for alive %s, which it can't reach", v.name, other.name)
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
