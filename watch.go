package mpreg

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/mpreg/mpreg/internal/gossip"
)

// MemberEventKind says what has become of a node.
type MemberEventKind string

// The kinds of member events.
const (
	MemberJoined    MemberEventKind = "joined"    // it is there, for the first time or again
	MemberUpdated   MemberEventKind = "updated"   // what it offers has changed, or its URLs
	MemberSuspected MemberEventKind = "suspected" // it can't be reached: calls avoid it
	MemberRecovered MemberEventKind = "recovered" // it was suspected, and is there
	MemberDeparted  MemberEventKind = "left"      // it said goodbye
	MemberDied      MemberEventKind = "died"      // it crashed, or was not heard of for too long
)

// MemberEvent is something that has become of another node of the cluster.
type MemberEvent struct {
	Kind   MemberEventKind `json:"kind"`
	Member Member          `json:"member"` // as it is when the event is read
}

// Watch yields what becomes of the other nodes, as this one learns of it, until
// ctx ends or the node has stopped. It begins with a MemberJoined for each node
// that is there already, so that nothing is missed between a list and the first
// event. Whoever reads slowly misses what was undone or repeated meanwhile, never
// the latest state: one event a node waits at most. It may be ranged over once;
// several watchers may run at a time.
func (s *Server) Watch(ctx context.Context) iter.Seq[MemberEvent] {
	return func(yield func(MemberEvent) bool) {
		c := &s.cluster
		w := c.watch()
		defer c.unwatch(w)
		for {
			for {
				e, ok := c.nextEvent(w)
				if !ok {
					break
				}
				if ctx.Err() != nil || !yield(e) {
					return
				}
			}
			select {
			case <-w.news:
			case <-w.closed:
				return
			case <-ctx.Done():
				return
			}
		}
	}
}

// watcher is told of events. It is guarded by the cluster's mu.
type watcher struct {
	order  []string                   // of the nodes in events, the oldest event first
	events map[string]MemberEventKind // that wait to be read, one a node
	news   chan struct{}              // holds one token while events wait
	closed chan struct{}
}

func (c *cluster) watch() *watcher {
	w := &watcher{events: make(map[string]MemberEventKind), news: make(chan struct{}, 1), closed: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		close(w.closed)
		return w
	}
	for id, m := range c.members {
		if m.known && m.state <= gossip.Suspect {
			w.order = append(w.order, id)
			w.events[id] = MemberJoined
		}
	}
	slices.SortFunc(w.order, strings.Compare)
	if c.watchers == nil {
		c.watchers = make(map[*watcher]struct{})
	}
	c.watchers[w] = struct{}{}
	return w
}

func (c *cluster) unwatch(w *watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.watchers, w)
}

// closeWatchers ends all watching. mu is held.
func (c *cluster) closeWatchers() {
	for w := range c.watchers {
		close(w.closed)
	}
	c.watchers = nil
}

// publish tells all watchers. mu is held.
func (c *cluster) publish(kind gossip.EventKind, m *member) {
	public, ok := eventKinds[kind]
	if !ok {
		return
	}
	for w := range c.watchers {
		before, waits := w.events[m.ID]
		if !waits {
			w.order = append(w.order, m.ID)
		}
		if !waits || !includes(before, public) {
			w.events[m.ID] = public
		}
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
}

// includes reports whether an event that waits tells what a later one would: it is
// read with the member as that is then.
func includes(before, after MemberEventKind) bool {
	switch after {
	case MemberUpdated:
		return true
	case MemberSuspected, MemberRecovered:
		return before == MemberJoined
	default:
		return false
	}
}

// unpublish forgets what waits about a member that is forgotten: who reads nothing
// for weeks would else be kept all nodes that ever were. mu is held.
func (c *cluster) unpublish(m *member) {
	for w := range c.watchers {
		if _, waits := w.events[m.ID]; waits {
			delete(w.events, m.ID)
			w.order = slices.DeleteFunc(w.order, func(id string) bool { return id == m.ID })
		}
	}
}

var eventKinds = map[gossip.EventKind]MemberEventKind{
	gossip.Joined: MemberJoined, gossip.Updated: MemberUpdated, gossip.Suspected: MemberSuspected,
	gossip.Recovered: MemberRecovered, gossip.Departed: MemberDeparted, gossip.Died: MemberDied,
}

// nextEvent takes the oldest event that waits.
func (c *cluster) nextEvent(w *watcher) (MemberEvent, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(w.order) > 0 {
		id := w.order[0]
		w.order = w.order[1:]
		kind := w.events[id]
		delete(w.events, id)
		if m := c.members[id]; m != nil && m.known {
			return MemberEvent{Kind: kind, Member: c.describe(m)}, true
		}
	}
	return MemberEvent{}, false
}
